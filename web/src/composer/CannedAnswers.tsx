/** The list of canned answers below the `/` that asks for them. The editor keeps the focus and hands on the keys. */

import { Extension } from "@tiptap/core";
import { PluginKey } from "@tiptap/pm/state";
import { Suggestion, type SuggestionProps } from "@tiptap/suggestion";
import { createPortal } from "react-dom";
import type { TemplateSummary } from "../api/types";
import { m } from "../i18n";
import { classNames } from "../ui/Button";
import styles from "./Composer.module.css";

export type Offering = { items: TemplateSummary[]; at: number; left: number; top: number; query: string; pick: (at: number) => void };

type Options = {
  find: (query: string) => Promise<TemplateSummary[]>;
  /** What it comes to; it stands where the `/` was. */
  write: (template: TemplateSummary) => Promise<string | null>;
  show: (offering: Offering | null) => void;
};

export const CANNED_LIST_ID = "canned-answers";

/** `/` at the beginning of a word. */
export function cannedAnswers({ find, write, show }: Options) {
  return Extension.create({
    name: "cannedAnswers",
    addProseMirrorPlugins() {
      let current: Offering | null = null;
      const set = (offering: Offering | null) => {
        current = offering;
        show(offering);
      };
      const offer = (props: SuggestionProps<TemplateSummary>) => {
        const rect = props.clientRect?.();
        if (!rect) return set(null);
        const pick = (at: number) => {
          const item = props.items[at];
          if (item) props.command(item);
        };
        return set({ items: props.items, at: 0, left: rect.left, top: rect.top, query: props.query, pick });
      };
      return [
        Suggestion<TemplateSummary>({
          editor: this.editor,
          pluginKey: new PluginKey("cannedAnswers"),
          char: "/",
          allowSpaces: false,
          items: ({ query }) => find(query),
          command: ({ editor, range, props }) => {
            editor.chain().focus().deleteRange(range).run();
            void write(props).then((html) => html && editor.chain().focus().insertContent(html).run());
          },
          render: () => ({
            onStart: offer,
            onUpdate: offer,
            onExit: () => set(null),
            onKeyDown: ({ event }) => {
              if (!current || current.items.length === 0) return false;
              const { items, at, pick } = current;
              if (event.key === "ArrowDown") set({ ...current, at: (at + 1) % items.length });
              else if (event.key === "ArrowUp") set({ ...current, at: (at - 1 + items.length) % items.length });
              else if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === "Tab") pick(at);
              else if (event.key === "Escape") set(null);
              else return false;
              event.preventDefault();
              return true;
            },
          }),
        }),
      ];
    },
  });
}

export function CannedList({ offering }: { offering: Offering }) {
  const { items, at, left, top, query, pick } = offering;
  const place = (element: HTMLDivElement | null) => {
    if (!element) return;
    element.style.left = `${Math.max(8, Math.min(left, window.innerWidth - element.offsetWidth - 8))}px`;
    element.style.top = `${Math.max(8, top - element.offsetHeight - 6)}px`;
  };
  return createPortal(
    <div ref={place} className={styles.canned} id={CANNED_LIST_ID} role="listbox" aria-label={m.composer.cannedAnswers}>
      {items.length === 0 && <p className={styles.cannedNone}>{query ? m.composer.noCanned(query) : m.composer.noTemplates}</p>}
      {items.map((template, index) => (
        <button
          key={template.id}
          id={`${CANNED_LIST_ID}-${index}`}
          type="button"
          role="option"
          aria-selected={index === at}
          tabIndex={-1}
          className={classNames(styles.cannedItem, index === at && styles.cannedAt)}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => pick(index)}
        >
          <strong>{template.name}</strong>
          {template.description && <span>{template.description}</span>}
        </button>
      ))}
    </div>,
    document.body,
  );
}
