/** The last question before a broadcast goes out, or is scheduled. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { keys } from "../api/keys";
import type { Broadcast, ContactList } from "../api/types";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { ConfirmDialog } from "../ui/Dialog";
import { toast } from "../ui/toast";

type Props = {
  list: ContactList | undefined;
  scheduledAt: string | null;
  send: () => Promise<Broadcast>;
  onSent: (broadcast: Broadcast) => void;
  onClose: () => void;
};

export function SendDialog({ list, scheduledAt, send, onSent, onClose }: Props) {
  const client = useQueryClient();
  const sending = useMutation({
    mutationFn: send,
    onSuccess: (broadcast) => {
      toast(broadcast.status === "scheduled" && broadcast.scheduledAt ? m.broadcasts.scheduled(longTime(broadcast.scheduledAt)) : m.broadcasts.started);
      onSent(broadcast);
    },
    onSettled: () => void client.invalidateQueries({ queryKey: keys.broadcasts }),
  });
  return (
    <ConfirmDialog
      title={scheduledAt ? m.broadcasts.scheduleTitle(longTime(scheduledAt)) : m.broadcasts.sendTitle(list?.memberCount ?? 0)}
      text={m.broadcasts.sendText(list?.name ?? "")}
      action={scheduledAt ? m.broadcasts.schedule : m.broadcasts.sendNow}
      busy={sending.isPending}
      error={sending.error}
      errorTitle={m.broadcasts.actFailed}
      onConfirm={() => sending.mutate()}
      onClose={onClose}
    />
  );
}
