import { useEffect } from "react";
import { m } from "../i18n";

export function usePageTitle(title: string, unread = 0): void {
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ""}${title} · ${m.product}`;
  }, [title, unread]);
}
