/** A menu of commands on a button (WAI-ARIA menu button): arrows move, Enter runs, Escape closes. */

import { Fragment, useEffect, useRef, type KeyboardEvent, type ReactNode } from "react";
import { classNames } from "./Button";
import { Icon, type IconName } from "./Icon";
import { Anchor, Popover, usePopover } from "./Popover";
import styles from "./Popover.module.css";

type Command = {
  label: string;
  /** Of the label, where it is not in the page's language. */
  lang?: string;
  icon?: IconName;
  hint?: string;
  checked?: boolean;
  danger?: boolean;
  run: () => void;
};

/** A heading names what follows it, up to the next line. */
export type MenuItem = Command | { heading: string } | "separator";

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
      {sectionsOf(items).map(({ heading, line, commands }, index) => {
        const shown = commands.map((command) => <Item key={command.label} command={command} onDone={onDone} />);
        return (
          <Fragment key={index}>
            {line && <hr className={styles.separator} />}
            {heading !== undefined && (
              <div className={styles.heading} role="presentation">
                {heading}
              </div>
            )}
            {heading !== undefined && commands.length > 0 ? (
              <div role="group" aria-label={heading}>
                {shown}
              </div>
            ) : (
              shown
            )}
          </Fragment>
        );
      })}
    </div>
  );
}

type Section = { heading?: string; line: boolean; commands: Command[] };

/** What stands under one heading, or between two lines. */
function sectionsOf(items: MenuItem[]): Section[] {
  let section: Section = { line: false, commands: [] };
  const sections = [section];
  for (const item of items) {
    if (item !== "separator" && !("heading" in item)) {
      section.commands.push(item);
      continue;
    }
    if (item === "separator") section = { line: true, commands: [] };
    else if (section.heading === undefined && section.commands.length === 0) {
      section.heading = item.heading;
      continue;
    } else section = { heading: item.heading, line: false, commands: [] };
    sections.push(section);
  }
  return sections;
}

function Item({ command, onDone }: { command: Command; onDone: () => void }) {
  const { label, lang, icon, hint, checked, danger, run } = command;
  return (
    <button
      type="button"
      role={checked === undefined ? "menuitem" : "menuitemradio"}
      aria-checked={checked}
      tabIndex={-1}
      className={classNames(styles.item, danger && styles.danger)}
      onClick={() => {
        onDone();
        run();
      }}
    >
      {icon && <Icon name={icon} size={16} />}
      <span className={styles.words} lang={lang}>
        {label}
      </span>
      {hint && <span className={styles.hint}>{hint}</span>}
      {checked && (
        <span className={styles.checked}>
          <Icon name="check" size={15} />
        </span>
      )}
    </button>
  );
}
