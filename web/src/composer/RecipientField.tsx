/** Recipients as chips: typed, pasted, taken away with Backspace. */

import { useId, useState, type ClipboardEvent, type KeyboardEvent } from "react";
import { looksLikeAddress, splitRecipients } from "../format/address";
import { m } from "../i18n";
import { Icon } from "../ui/Icon";
import styles from "./Composer.module.css";

type Props = {
  label: string;
  value: string[];
  onChange: (value: string[]) => void;
  autoFocus?: boolean;
  /** Told of text that is not an address yet, so that it is not lost on sending. */
  onPending?: (text: string) => void;
};

export function RecipientField({ label, value, onChange, autoFocus, onPending }: Props) {
  const [typed, setTyped] = useState("");
  const [error, setError] = useState<string | null>(null);
  const id = useId();

  const type = (text: string) => {
    setTyped(text);
    onPending?.(text);
  };
  const take = (text: string): boolean => {
    const parts = splitRecipients(text);
    const wrong = parts.find((part) => !looksLikeAddress(part));
    if (wrong !== undefined) {
      setError(m.composer.notAnAddress(wrong));
      return false;
    }
    setError(null);
    type("");
    if (parts.length) onChange([...new Set([...value, ...parts])]);
    return true;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (["Enter", ",", ";"].includes(event.key) && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      take(typed);
    } else if (event.key === "Backspace" && typed === "" && value.length > 0) {
      onChange(value.slice(0, -1));
    }
  };
  const onPaste = (event: ClipboardEvent) => {
    const text = event.clipboardData.getData("text");
    if (!/[,;\n]/.test(text)) return;
    event.preventDefault();
    take(text);
  };

  return (
    <div className={styles.recipients}>
      <label htmlFor={id}>{label}</label>
      <div className={styles.chips}>
        {value.map((address) => (
          <span key={address} className={styles.chip}>
            {address}
            <button
              type="button"
              aria-label={m.composer.removeRecipient(address)}
              onClick={() => onChange(value.filter((each) => each !== address))}
            >
              <Icon name="close" size={11} />
            </button>
          </span>
        ))}
        <input
          id={id}
          value={typed}
          autoFocus={autoFocus}
          data-autofocus={autoFocus || undefined}
          autoComplete="off"
          inputMode="email"
          aria-invalid={error ? true : undefined}
          aria-describedby={error ? `${id}-error` : undefined}
          onChange={(event) => type(event.target.value)}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
          onBlur={() => typed.trim() && take(typed)}
        />
      </div>
      {error && (
        <span id={`${id}-error`} className={styles.fieldError} role="alert">
          {error}
        </span>
      )}
    </div>
  );
}
