/** What comes in, what becomes of what goes out, and how it was for whom: pages of one place. */

import { Link, useLocation } from "wouter";
import { m } from "../i18n";
import styles from "./insight.module.css";

const TABS = [
  { href: "/insight", label: m.insight.tab },
  { href: "/analytics", label: m.insight.deliveryTab },
  { href: "/ratings", label: m.nav.ratings },
];

export function FigureTabs() {
  const [location] = useLocation();
  return (
    <nav className={styles.tabs} aria-label={m.insight.tabs}>
      {TABS.map(({ href, label }) => (
        <Link key={href} href={href} aria-current={location === href ? "page" : undefined}>
          {label}
        </Link>
      ))}
    </nav>
  );
}
