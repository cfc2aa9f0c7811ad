/** The inbox before the first mail: from nothing to the first conversation and its answer, on one page. */

import { useEffect, useRef } from "react";
import { asProblem } from "../api/problem";
import { SampleMail } from "../channels/SampleMail";
import { m } from "../i18n";
import { useSession } from "../session/useSession";
import { AskAdministrator } from "../setUp/AskAdministrator";
import { SetUpFlow } from "../setUp/SetUpFlow";
import { useSetUp } from "../setUp/state";
import { useFirstMail } from "../setUp/useFirstMail";
import { Skeleton } from "../ui/bits";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useChannels } from "./queries";
import styles from "./FirstStart.module.css";

/** `onLeave`: to the conversation that has begun, or to the inbox. */
export default function FirstStart({ onLeave }: { onLeave: (conversationId: string | null) => void }) {
  const channels = useChannels();
  if (channels.isPending) {
    return (
      <div className={styles.page}>
        <Skeleton width={320} height={26} />
      </div>
    );
  }
  if (!channels.data) {
    return (
      <div className={styles.page}>
        <ProblemNotice
          title={m.channels.failed}
          problem={asProblem(channels.error)}
          onRetry={() => void channels.refetch()}
        />
      </div>
    );
  }
  return <Start onLeave={onLeave} />;
}

function Start({ onLeave }: { onLeave: (conversationId: string | null) => void }) {
  const { user } = useSession();
  const channels = useChannels().data ?? [];
  const { setUp, change, forget } = useSetUp("first", user.id);
  const isAdmin = user.role === "admin";
  // The newest comes first; the first start's own is the oldest.
  const first = channels.at(-1);
  const leave = (conversationId: string | null) => {
    forget();
    onLeave(conversationId);
  };
  // Wherever one is: what comes is the first mail. The last step waits by itself.
  const arrive = (conversationId: string) => change({ conversationId, arrivedAtMs: Date.now(), way: null });
  const began = useRef(false);
  useEffect(() => {
    // Whoever can make no other has nothing to choose.
    if (isAdmin || began.current || !first) return;
    began.current = true;
    change({ way: "forwarding", step: "receive", channelId: first.id });
  }, [isAdmin, first, change]);
  if (!isAdmin && !first) {
    return (
      <div className={styles.page}>
        <h1>{m.setUp.title}</h1>
        <AskAdministrator />
      </div>
    );
  }
  return (
    <div className={styles.page}>
      <h1>{m.setUp.title}</h1>
      <p className={styles.lead}>{m.setUp.lead}</p>
      {!setUp.conversationId && setUp.step !== "receive" && <Listening onArrived={arrive} />}
      <SetUpFlow
        setUp={setUp}
        change={change}
        existing={channels}
        anyMail
        onLeave={leave}
        beside={
          first && (
            <div className={styles.sample}>
              <div>
                <strong>{m.setUp.sampleFirst}</strong>
                <p className="muted small">{m.setUp.sampleFirstText(first.name)}</p>
              </div>
              <SampleMail channel={first} />
            </div>
          )
        }
      />
    </div>
  );
}

function Listening({ onArrived }: { onArrived: (conversationId: string) => void }) {
  useFirstMail({ channelId: null, useCaseId: null }, onArrived);
  return null;
}
