/** Shows what is put below a mail when it is sent, and leaves it out where its author says so. */

import { m } from "../i18n";
import { Button } from "../ui/Button";
import styles from "./SignatureBelow.module.css";

type Props = { text: string; wanted: boolean; onWanted: (wanted: boolean) => void };

export function SignatureBelow({ text, wanted, onWanted }: Props) {
  if (text === "") return null;
  return (
    <div className={styles.below} role="group" aria-label={m.composer.signature}>
      {wanted ? <p>{text}</p> : <p className={styles.out}>{m.composer.signatureOut}</p>}
      <Button small variant="ghost" onClick={() => onWanted(!wanted)}>
        {wanted ? m.composer.leaveSignatureOut : m.composer.addSignature}
      </Button>
    </div>
  );
}
