import type { ComponentProps } from "react";
import { Icon, type IconName } from "./Icon";
import styles from "./Popover.module.css";

/** One line of what a popover offers. */
export function Offer({ icon, label, hint, ...rest }: { icon?: IconName; label: string; hint?: string } & ComponentProps<"button">) {
  return (
    <button type="button" className={styles.offer} {...rest}>
      {icon && <Icon name={icon} size={16} />}
      <span>{label}</span>
      {hint && <span className="muted small">{hint}</span>}
    </button>
  );
}
