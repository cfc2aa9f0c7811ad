/** People and teams are two pages of one place. */

import { Link, useLocation } from "wouter";
import { m } from "../i18n";
import styles from "./people.module.css";

const TABS = [
  { href: "/people", label: m.people.title },
  { href: "/teams", label: m.teams.title },
];

export function PeopleTabs() {
  const [location] = useLocation();
  return (
    <nav className={styles.tabs} aria-label={m.people.tabs}>
      {TABS.map(({ href, label }) => (
        <Link key={href} href={href} aria-current={location === href ? "page" : undefined}>
          {label}
        </Link>
      ))}
    </nav>
  );
}
