import { useEffect, useRef, type RefObject } from "react";

/** Leads to the first field that is wrong, whenever there are new complaints: on a phone it may be out of sight. */
export function useFirstError(...complaints: unknown[]): RefObject<HTMLFormElement | null> {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    form.current?.querySelector<HTMLElement>('[aria-invalid="true"], [data-invalid] input')?.focus();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a list of constant length
  }, complaints);
  return form;
}
