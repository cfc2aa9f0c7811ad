/** Recipients as chips: typed, pasted, taken away with Backspace. */

import { useId, useState, type ClipboardEvent, type KeyboardEvent } from "react";
import { m } from "../i18n";
import { Breakable } from "../ui/bits";
import { Icon } from "../ui/Icon";
import styles from "./Composer.module.css";
import { withTyped } from "./recipients";

type Props = {
  label: string;
  value: string[];
  onChange: (value: string[]) => void;
  /** What is not in the list yet. The owner holds it, so that it is not lost on sending. */
  typed: string;
  onTyped: (text: string) => void;
  autoFocus?: boolean;
};

export function RecipientField({ label, value, onChange, typed, onTyped, autoFocus }: Props) {
  const [error, setError] = useState<string | null>(null);
  const id = useId();

  const take = (text: string): void => {
    const { list, wrong } = withTyped(value, text);
    setError(wrong === undefined ? null : m.composer.notAnAddress(wrong));
    if (wrong !== undefined) {
      onTyped(text);
      return;
    }
    onTyped("");
    if (list !== value) onChange(list);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
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
            <span>
              <Breakable text={address} />
            </span>
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
          autoCapitalize="none"
          spellCheck={false}
          inputMode="email"
          aria-invalid={error ? true : undefined}
          aria-describedby={error ? `${id}-error` : undefined}
          onChange={(event) => {
            setError(null);
            onTyped(event.target.value);
          }}
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
