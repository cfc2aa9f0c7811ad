/** The heading of a step. Whoever came from another step is led to it. */

import { useEffect, useRef } from "react";

export function StepHeading({ focused, title, text }: { focused: boolean; title: string; text?: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (focused) heading.current?.focus();
  }, [focused]);
  return (
    <>
      <h2 ref={heading} tabIndex={-1}>
        {title}
      </h2>
      {text && <p className="muted">{text}</p>}
    </>
  );
}
