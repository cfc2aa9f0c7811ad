/** A part of what is known of a contact: its heading, and what begins a change. */

import { createContext, use, type ReactNode } from "react";
import styles from "./contacts.module.css";

/** Below a page's own heading, or below those of the panel beside a conversation. */
export const PartLevel = createContext<"h2" | "h3">("h3");

export function Part({ title, action, children }: { title: string; action?: ReactNode; children: ReactNode }) {
  const Heading = use(PartLevel);
  return (
    <section className={styles.part}>
      <div className={styles.partHead}>
        <Heading>{title}</Heading>
        {action}
      </div>
      {children}
    </section>
  );
}
