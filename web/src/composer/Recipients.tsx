/** From whom and to whom: the own address where there is a choice, To, and Cc and Bcc once they are asked for. */

import { useId, useState } from "react";
import { m } from "../i18n";
import { Button } from "../ui/Button";
import styles from "./Composer.module.css";
import { RecipientField } from "./RecipientField";
import type { RecipientFieldName, Recipients as State } from "./useRecipients";

/** Whom a channel can write as. */
export type Sender = {
  addresses: string[];
  address: string | undefined;
  /** `address`, where it is not the usual one. */
  from: string | undefined;
};

type Props = { recipients: State; sender?: Sender; onSender?: (address: string) => void; autoFocus?: boolean };

export function Recipients({ recipients, sender, onSender, autoFocus }: Props) {
  const senderId = useId();
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
      {sender && sender.addresses.length > 1 && (
        <div className={styles.fromRow}>
          <label htmlFor={senderId}>{m.composer.from}</label>
          <select id={senderId} value={sender.address} onChange={(event) => onSender?.(event.target.value)}>
            {sender.addresses.map((address) => (
              <option key={address}>{address}</option>
            ))}
          </select>
        </div>
      )}
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
