/** The recipients of what is being written: To, and Cc and Bcc once they are asked for. */

import { useState } from "react";
import { m } from "../i18n";
import { Button } from "../ui/Button";
import styles from "./Composer.module.css";
import { RecipientField } from "./RecipientField";
import type { RecipientFieldName, Recipients as State } from "./useRecipients";

export function Recipients({ recipients, autoFocus }: { recipients: State; autoFocus?: boolean }) {
  const { lists, typed } = recipients;
  const [asked, setAsked] = useState<{ cc: boolean; bcc: boolean }>({ cc: false, bcc: false });
  const shown = {
    cc: asked.cc || lists.cc.length > 0 || typed.cc !== "",
    bcc: asked.bcc || lists.bcc.length > 0 || typed.bcc !== "",
  };
  const field = (name: RecipientFieldName, label: string, focused?: boolean) => (
    <RecipientField
      label={label}
      value={lists[name]}
      typed={typed[name]}
      autoFocus={focused}
      onChange={(list) => recipients.setList(name, list)}
      onTyped={(text) => recipients.setTyped(name, text)}
    />
  );
  return (
    <div className={styles.fields}>
      <div className={styles.toRow}>
        {field("to", m.composer.replyTo, autoFocus)}
        {!shown.cc && (
          <Button small variant="ghost" onClick={() => setAsked({ ...asked, cc: true })}>
            {m.composer.addCc}
          </Button>
        )}
        {!shown.bcc && (
          <Button small variant="ghost" onClick={() => setAsked({ ...asked, bcc: true })}>
            {m.composer.addBcc}
          </Button>
        )}
      </div>
      {shown.cc && field("cc", m.message.cc, asked.cc)}
      {shown.bcc && field("bcc", m.message.bcc, asked.bcc)}
    </div>
  );
}
