import { useEffect } from "react";
import { m } from "../i18n";

/** `null`: what is inside the page names it. */
export function usePageTitle(title: string | null, unread = 0): void {
  useEffect(() => {
    if (title === null) return;
    document.title = `${unread > 0 ? `(${unread}) ` : ""}${title} · ${m.product}`;
  }, [title, unread]);
}
