/** One line of what a popover offers. */

import type { ComponentProps } from "react";
import { Icon, type IconName } from "./Icon";
import styles from "./Popover.module.css";

type Props = { icon?: IconName; label: string; hint?: string; chosen?: boolean } & ComponentProps<"button">;

export function Offer({ icon, label, hint, chosen, ...rest }: Props) {
  return (
    <button type="button" className={styles.offer} aria-pressed={chosen} {...rest}>
      {icon && <Icon name={icon} size={16} />}
      <span>{label}</span>
      {hint && <span className="muted small">{hint}</span>}
      {chosen && (
        <span className={styles.checked}>
          <Icon name="check" size={15} />
        </span>
      )}
    </button>
  );
}
