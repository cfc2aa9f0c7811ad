import { MomentChoice } from "../conversations/Pickers";
import { m } from "../i18n";
import { Button, IconButton } from "../ui/Button";
import { Anchor, Popover, usePopover } from "../ui/Popover";
import styles from "./Composer.module.css";

type Props = {
  note?: boolean;
  busy: boolean;
  /** Offers “send and resolve”. */
  onSend: (options: { scheduledAt?: Date; resolve?: boolean }) => void;
  canResolve?: boolean;
};

export function SendButton({ note, busy, onSend, canResolve = true }: Props) {
  const popover = usePopover();
  if (note) {
    return (
      <Button type="submit" variant="primary" icon="note" disabled={busy}>
        {busy ? m.composer.sending : m.composer.addNote}
      </Button>
    );
  }
  return (
    <div className={styles.split}>
      <Button type="submit" variant="primary" icon="send" disabled={busy}>
        {busy ? m.composer.sending : m.composer.send}
      </Button>
      <Anchor anchor={popover.anchor}>
        <IconButton
          icon="down"
          variant="primary"
          label={m.composer.sendOptions}
          aria-haspopup="dialog"
          aria-expanded={popover.open}
          disabled={busy}
          onClick={popover.toggle}
        />
        {popover.open && (
          <Popover anchor={popover.anchor} onClose={popover.close} label={m.composer.sendOptions}>
            {canResolve && (
              <Button
                variant="ghost"
                icon="check"
                onClick={() => {
                  popover.close();
                  onSend({ resolve: true });
                }}
              >
                {m.composer.sendAndResolve}
              </Button>
            )}
            <MomentChoice
              action={m.composer.sendLater}
              onPick={(at) => {
                popover.close();
                onSend({ scheduledAt: at });
              }}
            />
          </Popover>
        )}
      </Anchor>
    </div>
  );
}
