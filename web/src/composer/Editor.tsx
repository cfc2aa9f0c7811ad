/** The rich text editor. Loaded when somebody begins to write: it is larger than the rest of the page. */

import { useQueryClient } from "@tanstack/react-query";
import { Image } from "@tiptap/extension-image";
import { Placeholder } from "@tiptap/extensions";
import { EditorContent, useEditor, useEditorState, type Editor as TiptapEditor } from "@tiptap/react";
import { StarterKit } from "@tiptap/starter-kit";
import { useEffect, useRef, useState } from "react";
import { uploads } from "../api/endpoints";
import type { DraftFile } from "../api/types";
import { m } from "../i18n";
import { useSession } from "../session/useSession";
import { Button, IconButton } from "../ui/Button";
import { TextField } from "../ui/Field";
import type { IconName } from "../ui/Icon";
import { usePopover } from "../ui/Popover";
import { PopoverButton } from "../ui/PopoverButton";
import { answerFrom, type About, offered } from "./cannedAnswers";
import { CANNED_LIST_ID, cannedAnswers, CannedList, type Offering } from "./CannedAnswers";
import { plainText, type Node } from "./plainText";
import styles from "./Composer.module.css";

export type EditorProps = {
  initialHtml: string;
  placeholder: string;
  autoFocus: boolean;
  /** While it is on its way, what is sent and what is shown are the same. */
  readOnly: boolean;
  onChange: (value: { html: string; text: string }) => void;
  onSubmit: (options: { resolve?: boolean }) => void;
  /** Whom canned answers speak to. */
  about: About;
  /** With a content id, an image is shown within the text. Answers what became of each. */
  onFiles: (files: File[], contentId?: string) => Promise<(DraftFile | null)[]>;
};

export default function Editor(props: EditorProps) {
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  const [created, setCreated] = useState(false);
  const [offering, setOffering] = useState<Offering | null>(null);
  const client = useQueryClient();
  const { user } = useSession();
  const editor = useEditor({
    extensions: [
      Image,
      cannedAnswers({
        find: (query) => offered(client, query),
        write: (template) => answerFrom(template, latest.current.about, user),
        show: setOffering,
      }),
      StarterKit.configure({
        link: { openOnClick: false, autolink: true, protocols: ["https", "http", "mailto"], HTMLAttributes: { target: null } },
        heading: false,
        underline: false,
      }),
      Placeholder.configure({ placeholder: props.placeholder }),
    ],
    content: props.initialHtml,
    // The page's CSP allows no style element that a script adds; Composer.module.css has what is needed.
    injectCSS: false,
    editorProps: {
      attributes: { role: "textbox", "aria-multiline": "true", "aria-label": m.composer.body, class: styles.prose ?? "" },
      handleKeyDown: (view, event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
          latest.current.onSubmit({ resolve: event.shiftKey });
          return true;
        }
        if (event.key === "Escape") {
          view.dom.blur();
          return true;
        }
        return false;
      },
      handlePaste: (view, event) => takeFiles(event.clipboardData, (files) => insert(view, files)),
      handleDrop: (_view, event, _slice, moved) => !moved && takeFiles(event.dataTransfer, (files) => void latest.current.onFiles(files)),
    },
    onCreate: ({ editor }) => {
      setCreated(true);
      // Directly: the library's own autofocus waits a frame, in which what is typed would be taken for shortcuts.
      if (!latest.current.autoFocus) return;
      editor.commands.setTextSelection(editor.state.doc.content.size);
      editor.view.focus();
    },
    onUpdate: ({ editor }) =>
      latest.current.onChange({
        html: editor.isEmpty ? "" : editor.getHTML(),
        text: plainText(editor.getJSON() as Node),
      }),
  });

  // What is pasted is meant to be seen where it was pasted; what is dropped is a file like any other.
  const insert = (view: TiptapEditor["view"], files: File[]) => {
    const images = files.filter((file) => INLINE_TYPES.has(file.type));
    const others = files.filter((file) => !INLINE_TYPES.has(file.type));
    if (others.length > 0) void latest.current.onFiles(others);
    for (const image of images) {
      void latest.current.onFiles([image], `image-${crypto.randomUUID()}`).then(([kept]) => {
        const node = view.state.schema.nodes["image"];
        if (!kept || !node || view.isDestroyed) return;
        view.dispatch(view.state.tr.replaceSelectionWith(node.create({ src: uploads.url(kept.uploadId), alt: kept.filename })));
      });
    }
  };

  useEffect(() => {
    const { dom } = editor.view;
    if (offering && offering.items.length > 0) {
      dom.setAttribute("aria-controls", CANNED_LIST_ID);
      dom.setAttribute("aria-activedescendant", `${CANNED_LIST_ID}-${offering.at}`);
    } else {
      dom.removeAttribute("aria-controls");
      dom.removeAttribute("aria-activedescendant");
    }
  }, [editor, offering]);

  useEffect(() => editor.setEditable(!props.readOnly, false), [editor, props.readOnly]);

  return (
    <div className={styles.editor} data-keys={created ? undefined : "off"}>
      <EditorContent editor={editor} className={styles.editorContent} />
      {offering && <CannedList offering={offering} />}
      <Toolbar editor={editor} />
    </div>
  );
}

/** What mail programs show within a text. */
const INLINE_TYPES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

function takeFiles(data: DataTransfer | null, onFiles: (files: File[]) => void): boolean {
  const files = [...(data?.files ?? [])];
  if (files.length === 0) return false;
  onFiles(files);
  return true;
}

function Toolbar({ editor }: { editor: TiptapEditor }) {
  const active = useEditorState({
    editor,
    selector: ({ editor }) => ({
      bold: editor.isActive("bold"),
      italic: editor.isActive("italic"),
      strike: editor.isActive("strike"),
      bulletList: editor.isActive("bulletList"),
      orderedList: editor.isActive("orderedList"),
      blockquote: editor.isActive("blockquote"),
      codeBlock: editor.isActive("codeBlock"),
    }),
  });
  const tool = (name: keyof typeof active, icon: IconName, label: string, run: () => boolean) => (
    <IconButton key={name} small icon={icon} label={label} aria-pressed={active[name]} onClick={run} />
  );
  const chain = () => editor.chain().focus();
  return (
    <div className={styles.toolbar} role="toolbar" aria-label={m.composer.toolbar}>
      {tool("bold", "bold", m.composer.bold, () => chain().toggleBold().run())}
      {tool("italic", "italic", m.composer.italic, () => chain().toggleItalic().run())}
      {tool("strike", "strike", m.composer.strike, () => chain().toggleStrike().run())}
      <LinkTool editor={editor} />
      {tool("bulletList", "bullets", m.composer.bulletList, () => chain().toggleBulletList().run())}
      {tool("orderedList", "numbers", m.composer.orderedList, () => chain().toggleOrderedList().run())}
      {tool("blockquote", "quote", m.composer.quote, () => chain().toggleBlockquote().run())}
      {tool("codeBlock", "code", m.composer.code, () => chain().toggleCodeBlock().run())}
    </div>
  );
}

/** `example.org` means https. */
export function asHref(typed: string): string {
  const text = typed.trim();
  if (text === "" || /^(https?:\/\/|mailto:)/i.test(text)) return text;
  return text.includes("@") && !text.includes("/") ? `mailto:${text}` : `https://${text}`;
}

function LinkTool({ editor }: { editor: TiptapEditor }) {
  const popover = usePopover();
  const [href, setHref] = useState("");
  const active = useEditorState({ editor, selector: ({ editor }) => editor.isActive("link") });

  const open = () => {
    setHref(String(editor.getAttributes("link")["href"] ?? ""));
    popover.toggle();
  };
  const apply = () => {
    popover.close();
    const target = asHref(href);
    const chain = editor.chain().focus().extendMarkRange("link");
    if (target === "") chain.unsetLink().run();
    else if (editor.state.selection.empty && !active) {
      chain.insertContent({ type: "text", text: href.trim(), marks: [{ type: "link", attrs: { href: target } }] }).run();
    } else chain.setLink({ href: target }).run();
  };
  return (
    <PopoverButton
      label={m.composer.link}
      state={popover}
      trigger={(props) => (
        <IconButton small icon="link" label={m.composer.link} aria-pressed={active} {...props} onClick={open} />
      )}
    >
      <div className={styles.linkForm}>
        <TextField
          label={m.composer.linkPrompt}
          value={href}
          autoFocus
          inputMode="url"
          onChange={(event) => setHref(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            apply();
          }}
        />
        <div className={styles.linkActions}>
          <Button small variant="primary" onClick={apply}>
            {m.composer.linkApply}
          </Button>
          {active && (
            <Button
              small
              onClick={() => {
                popover.close();
                editor.chain().focus().extendMarkRange("link").unsetLink().run();
              }}
            >
              {m.composer.linkRemove}
            </Button>
          )}
        </div>
      </div>
    </PopoverButton>
  );
}
