/** Choose from a list that can be narrowed by typing (WAI-ARIA combobox with a listbox). */

import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { classNames } from "./Button";
import { Icon } from "./Icon";
import styles from "./Popover.module.css";

export type PickerOption = {
  id: string;
  label: string;
  /** Also found by this. */
  keywords?: string;
  hint?: ReactNode;
  before?: ReactNode;
  checked?: boolean;
  group?: string;
};

type Props = {
  label: string;
  placeholder?: string;
  empty: string;
  options: PickerOption[] | ((typed: string) => PickerOption[]);
  onPick: (option: PickerOption) => void;
};

export function narrow(options: PickerOption[], typed: string): PickerOption[] {
  const words = typed.trim().toLowerCase().split(/\s+/).filter(Boolean);
  return options.filter((option) => {
    const text = `${option.label} ${option.keywords ?? ""}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export function Picker({ label, placeholder, empty, options, onPick }: Props) {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const shown = typeof options === "function" ? options(typed) : narrow(options, typed);
  const active = Math.min(at, shown.length - 1);

  useEffect(() => input.current?.focus(), []);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [active]);

  const pick = (option: PickerOption) => {
    onPick(option);
    // Where the list stays open (labels), the next one is looked for from the start.
    if (typed === "") return;
    setTyped("");
    setAt(0);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (shown.length) setAt((active + step + shown.length) % shown.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const option = shown[active];
      if (option) pick(option);
    }
  };

  return (
    <>
      <input
        ref={input}
        className={styles.filter}
        role="combobox"
        aria-label={label}
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={shown.length ? `${id}-${active}` : undefined}
        autoComplete="off"
        spellCheck={false}
        placeholder={placeholder ?? label}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div ref={list} id={`${id}-list`} role="listbox" aria-label={label}>
        {shown.map((option, index) => (
          <div key={option.id} role="presentation">
            {option.group && option.group !== shown[index - 1]?.group && (
              <div className={styles.heading} role="presentation">
                {option.group}
              </div>
            )}
            <div
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === active}
              className={classNames(styles.item)}
              onPointerMove={() => index !== active && setAt(index)}
              onClick={() => pick(option)}
            >
              {option.before}
              <span className={styles.words}>{option.label}</span>
              {option.hint && <span className={styles.hint}>{option.hint}</span>}
              {option.checked && (
                <span className={styles.checked}>
                  <Icon name="check" size={15} />
                </span>
              )}
            </div>
          </div>
        ))}
      </div>
      {shown.length === 0 && <p className={styles.empty}>{empty}</p>}
    </>
  );
}
