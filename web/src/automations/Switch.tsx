/** Something that is on or off at once, without saving. */

import { classNames } from "../ui/Button";
import styles from "./automations.module.css";

type Props = { label: string; on: boolean; disabled?: boolean; onChange: (on: boolean) => void };

export function Switch({ label, on, disabled, onChange }: Props) {
  return (
    <button
      type="button"
      role="switch"
      aria-checked={on}
      aria-label={label}
      className={classNames(styles.switch)}
      disabled={disabled}
      onClick={() => onChange(!on)}
    />
  );
}
