/** The settings that administrators alone see, as pages of one place. */

import { Link, useLocation } from "wouter";
import { m } from "../i18n";
import styles from "../people/people.module.css";

const TABS = [
  { href: "/settings", label: m.workspaceSettings.title },
  { href: "/retention", label: m.nav.retention },
  { href: "/audit-log", label: m.workspaceSettings.auditTab },
];

export function SettingsTabs() {
  const [location] = useLocation();
  return (
    <nav className={styles.tabs} aria-label={m.workspaceSettings.tabs}>
      {TABS.map(({ href, label }) => (
        <Link key={href} href={href} aria-current={location === href ? "page" : undefined}>
          {label}
        </Link>
      ))}
    </nav>
  );
}
