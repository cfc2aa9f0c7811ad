/** A mail as its recipient will see it, at the width of a desk or of a phone. Runs nothing that is in it. */

import { m } from "../i18n";
import { classNames } from "../ui/Button";
import { Segments } from "../ui/Segments";
import styles from "./templates.module.css";

export function WidthChoice({ isNarrow, onChange }: { isNarrow: boolean; onChange: (isNarrow: boolean) => void }) {
  return (
    <Segments
      label={m.templates.widths}
      options={[
        { value: false, name: m.templates.desktop },
        { value: true, name: m.templates.phone },
      ]}
      value={isNarrow}
      onChange={onChange}
    />
  );
}

type Props = { isNarrow: boolean; subject: string; html?: string | null; text?: string | null };

export function MailPreview({ isNarrow, subject, html, text }: Props) {
  return (
    <div className={classNames(styles.mail, isNarrow && styles.narrow)}>
      <p className={styles.subject}>{subject}</p>
      {html ? (
        // No script, no form, no way out: what is written here may have been pasted from anywhere. A frame of its own for each
        // content: one that is given another is a step that the browser's Back goes to.
        <iframe key={html} title={m.templates.frame} sandbox="" srcDoc={html} />
      ) : (
        <>
          <p className="muted small">{m.templates.noHtml}</p>
          <pre>{text}</pre>
        </>
      )}
    </div>
  );
}
