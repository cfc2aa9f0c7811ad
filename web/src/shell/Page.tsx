/** The frame of a page that is not the mail itself: heading, lead, actions, content. */

import { useEffect, useRef, type ReactNode } from "react";
import { Link } from "wouter";
import { Breakable } from "../ui/bits";
import { classNames } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { usePageTitle } from "./usePageTitle";
import styles from "./Page.module.css";

type Props = {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  up?: { href: string; label: string };
  narrow?: boolean;
  children: ReactNode;
};

let firstPage = true;

export function Page({ title, lead, actions, up, narrow, children }: Props) {
  usePageTitle(title);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // After a move within the dashboard, screen readers begin at the new page's heading.
    if (!firstPage && !heading.current?.closest("main")?.querySelector("[autofocus]:focus, input:focus")) {
      heading.current?.focus({ preventScroll: true });
    }
    firstPage = false;
  }, []);
  return (
    <div className={classNames(styles.page, narrow && styles.narrow)}>
      {up && (
        <Link href={up.href} className={styles.crumb}>
          <Icon name="back" size={16} />
          {up.label}
        </Link>
      )}
      <header className={styles.head}>
        <div className={styles.words}>
          <h1 ref={heading} tabIndex={-1}>
            <Breakable text={title} />
          </h1>
          {lead && <p>{lead}</p>}
        </div>
        {actions && <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export function Section({ title, children }: { title?: string; children: ReactNode }) {
  return (
    <section className={styles.section}>
      {title && <h2>{title}</h2>}
      {children}
    </section>
  );
}

export function Card({ children }: { children: ReactNode }) {
  return <div className={styles.card}>{children}</div>;
}
