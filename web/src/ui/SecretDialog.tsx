/** A secret that is shown once: only its own button closes it. */

import { Button } from "./Button";
import { CopyField } from "./bits";
import { Dialog, DialogActions } from "./Dialog";

type Props = { title: string; text: string; secret: string; done: string; onClose: () => void };

export function SecretDialog({ title, text, secret, done, onClose }: Props) {
  return (
    <Dialog title={title} onClose={onClose} sticky>
      <p style={{ marginBottom: 12 }}>{text}</p>
      <CopyField value={secret} label={title} />
      <DialogActions>
        <Button variant="primary" onClick={onClose}>
          {done}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
