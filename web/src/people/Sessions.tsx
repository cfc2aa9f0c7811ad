/** Where one is signed in, and how to end it there. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ownSessions } from "../api/endpoints";
import { keys } from "../api/keys";
import type { OwnSession } from "../api/types";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { Badge } from "../ui/bits";
import { Button } from "../ui/Button";
import { listStyles, ResourceList } from "../ui/list";
import { toast, toastProblem } from "../ui/toast";
import styles from "./people.module.css";

export function Sessions() {
  const client = useQueryClient();
  const list = useQuery({ queryKey: keys.ownSessions, queryFn: async ({ signal }) => (await ownSessions.list(signal)).items });
  const refresh = () => void client.invalidateQueries({ queryKey: keys.ownSessions });
  const end = useMutation({
    mutationFn: (session: OwnSession) => ownSessions.end(session.id),
    onSuccess: () => {
      toast(m.sessions.ended);
      refresh();
    },
    onError: (error) => toastProblem(m.sessions.endFailed, error),
  });
  const endOthers = useMutation({
    mutationFn: () => ownSessions.endOthers(),
    onSuccess: () => {
      toast(m.sessions.othersEnded);
      refresh();
    },
    onError: (error) => toastProblem(m.sessions.endFailed, error),
  });
  const others = (list.data ?? []).some((session) => !session.current);
  return (
    <>
      <ResourceList query={list} failed={m.sessions.failed} empty={null}>
        {(session) => <SessionRow session={session} busy={end.isPending} onEnd={() => end.mutate(session)} />}
      </ResourceList>
      {others && (
        <div className={styles.link}>
          <Button small disabled={endOthers.isPending} onClick={() => endOthers.mutate()}>
            {m.sessions.endOthers}
          </Button>
        </div>
      )}
    </>
  );
}

function SessionRow({ session, busy, onEnd }: { session: OwnSession; busy: boolean; onEnd: () => void }) {
  const where = m.sessions.browser(session.browser ?? null, session.system ?? null);
  const used = session.lastUsedAt ?? session.createdAt;
  return (
    <div className={listStyles.row}>
      <span className={listStyles.main}>
        <strong>{where}</strong> {session.current && <Badge tone="ok">{m.sessions.current}</Badge>}
        <span className={listStyles.sub}>
          {m.sessions.since(longTime(session.createdAt))} · {m.sessions.used(longTime(used), session.address ?? null)}
        </span>
      </span>
      {!session.current && (
        <span className={listStyles.side}>
          <Button small disabled={busy} aria-label={m.sessions.endLabel(where)} onClick={onEnd}>
            {m.sessions.end}
          </Button>
        </span>
      )}
    </div>
  );
}
