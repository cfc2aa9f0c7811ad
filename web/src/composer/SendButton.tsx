import { MomentChoice } from "../conversations/Pickers";
import { m } from "../i18n";
import { keyName } from "../keyboard/dispatcher";
import { Button, IconButton } from "../ui/Button";
import { Offer } from "../ui/Offer";
import { usePopover } from "../ui/Popover";
import { PopoverButton } from "../ui/PopoverButton";
import { useMediaQuery } from "../ui/useMediaQuery";
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
  const touch = useMediaQuery("(pointer: coarse)");
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
      <PopoverButton
        label={m.composer.sendOptions}
        state={popover}
        trigger={(props) => (
          <IconButton icon="down" variant="primary" label={m.composer.sendOptions} disabled={busy} {...props} />
        )}
      >
        {canResolve && (
          <Offer
            icon="check"
            label={m.composer.sendAndResolve}
            hint={touch ? undefined : ["Ctrl", "Shift", "Enter"].map(keyName).join(" ")}
            onClick={() => {
              popover.close();
              onSend({ resolve: true });
            }}
          />
        )}
        <h3 className={styles.laterTitle}>{m.composer.sendLater}</h3>
        <MomentChoice
          action={m.composer.sendLater}
          onPick={(at) => {
            popover.close();
            onSend({ scheduledAt: at });
          }}
        />
      </PopoverButton>
    </div>
  );
}
