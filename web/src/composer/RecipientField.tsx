/** Recipients as chips: typed, pasted, reached with the arrow keys, taken away with Backspace. */

import { useId, useRef, useState, type ClipboardEvent, type KeyboardEvent } from "react";
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
  const chips = useRef<HTMLDivElement>(null);

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
    } else if (event.key === "ArrowLeft" && typed === "" && value.length > 0) {
      event.preventDefault();
      stop(-2)?.focus();
    }
  };
  /** Counted from the end: the field itself is the last. Sixty recipients are no sixty stops on the way to the text. */
  const stop = (place: number) => [...(chips.current?.querySelectorAll<HTMLElement>("button, input") ?? [])].at(place);
  const onChipKey = (event: KeyboardEvent, index: number) => {
    const step = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (step !== 0) stop(Math.max(0, index + step) - value.length - 1)?.focus();
    else if (event.key === "Backspace" || event.key === "Delete") remove(index);
    else return;
    event.preventDefault();
  };
  const remove = (index: number) => {
    // The field is what is there for certain afterwards.
    stop(-1)?.focus();
    onChange(value.filter((_, each) => each !== index));
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
      <div ref={chips} className={styles.chips}>
        {value.map((address, index) => (
          <span key={address} className={styles.chip}>
            <span>
              <Breakable text={address} />
            </span>
            <button
              type="button"
              tabIndex={-1}
              aria-label={m.composer.removeRecipient(address)}
              onKeyDown={(event) => onChipKey(event, index)}
              onClick={() => remove(index)}
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
