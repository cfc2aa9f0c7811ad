/** A menu of commands on a button (WAI-ARIA menu button): arrows move, Enter runs, Escape closes. */

import { useEffect, useRef, type KeyboardEvent, type ReactNode } from "react";
import { classNames } from "./Button";
import { Icon, type IconName } from "./Icon";
import { Anchor, Popover, usePopover } from "./Popover";
import styles from "./Popover.module.css";

export type MenuItem =
  | {
      label: string;
      icon?: IconName;
      hint?: string;
      checked?: boolean;
      danger?: boolean;
      run: () => void;
    }
  | { heading: string }
  | "separator";

type TriggerProps = { "aria-haspopup": "menu"; "aria-expanded": boolean; onClick: () => void };

type Props = { label: string; items: MenuItem[]; trigger: (props: TriggerProps) => ReactNode };

export function Menu({ label, items, trigger }: Props) {
  const popover = usePopover();
  return (
    <Anchor anchor={popover.anchor}>
      {trigger({ "aria-haspopup": "menu", "aria-expanded": popover.open, onClick: popover.toggle })}
      {popover.open && (
        <Popover anchor={popover.anchor} onClose={popover.close}>
          <MenuItems
            label={label}
            items={items}
            onDone={popover.close}
          />
        </Popover>
      )}
    </Anchor>
  );
}

function MenuItems({ label, items, onDone }: { label: string; items: MenuItem[]; onDone: () => void }) {
  const list = useRef<HTMLDivElement>(null);
  const buttons = () => [...(list.current?.querySelectorAll<HTMLButtonElement>("button") ?? [])];

  useEffect(() => {
    const all = [...(list.current?.querySelectorAll<HTMLButtonElement>("button") ?? [])];
    (all.find((button) => button.getAttribute("aria-checked") === "true") ?? all[0])?.focus();
  }, []);

  const onKeyDown = (event: KeyboardEvent) => {
    const all = buttons();
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    const goTo = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === "Tab") onDone();
    if (goTo === undefined) return;
    event.preventDefault();
    all[(goTo + all.length) % all.length]?.focus();
  };

  return (
    <div ref={list} role="menu" aria-label={label} onKeyDown={onKeyDown}>
      {items.map((item, index) => {
        if (item === "separator") return <hr key={`line-${index}`} className={styles.separator} />;
        if ("heading" in item) {
          return (
            <div key={item.heading} className={styles.heading} role="presentation">
              {item.heading}
            </div>
          );
        }
        return (
          <button
            key={`${index}-${item.label}`}
            type="button"
            role={item.checked === undefined ? "menuitem" : "menuitemradio"}
            aria-checked={item.checked}
            tabIndex={-1}
            className={classNames(styles.item, item.danger && styles.danger)}
            onClick={() => {
              onDone();
              item.run();
            }}
          >
            {item.icon && <Icon name={item.icon} size={16} />}
            <span className={styles.words}>{item.label}</span>
            {item.hint && <span className={styles.hint}>{item.hint}</span>}
            {item.checked && (
              <span className={styles.checked}>
                <Icon name="check" size={15} />
              </span>
            )}
          </button>
        );
      })}
    </div>
  );
}
