/** One conversation: its head, its messages, the composer, and who it is with. */

import { useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { asProblem } from "../api/problem";
import type { Conversation } from "../api/types";
import { conversations } from "../api/endpoints";
import { Composer } from "../composer/Composer";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { useCommands } from "../keyboard/dispatcher";
import { Presence } from "../presence/Presence";
import { usePresentAt } from "../presence/usePresence";
import { SlaMark } from "../sla/SlaMark";
import { useCounts } from "../shell/Nav";
import { usePageTitle } from "../shell/usePageTitle";
import { Badge, Skeleton } from "../ui/bits";
import { Button, classNames, IconButton, LinkButton } from "../ui/Button";
import { Gone } from "../ui/Gone";
import { Icon } from "../ui/Icon";
import { Menu, type MenuItem } from "../ui/Menu";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast, toastProblem } from "../ui/toast";
import { ContactPanel } from "./ContactPanel";
import { MergeDialog } from "./MergeDialog";
import { MessageList } from "./MessageList";
import { useSeeMentions } from "./useSeeMentions";
import { AssignControl, LabelControl, SnoozeControl } from "./Pickers";
import { useChannels, useConversation, useMessages, usePatchConversation } from "./queries";
import { PriorityControl, PriorityMark, usePriorityItems } from "./Priority";
import { useRegrouped } from "./useRegrouped";
import { useMediaQuery } from "../ui/useMediaQuery";
import { useNow } from "../ui/useNow";
import { useVisible } from "../ui/useVisible";
import styles from "./ConversationPane.module.css";

type Props = { id: string; backHref: string; onStep: (by: 1 | -1) => boolean };

export function ConversationPane({ id, backHref, onStep }: Props) {
  const conversation = useConversation(id);
  const messages = useMessages(id);
  const roomForSide = useMediaQuery("(min-width: 1321px)");
  const [side, setSide] = useState<boolean | null>(null);
  const sideShown = side ?? roomForSide;
  const overlaid = sideShown && !roomForSide;
  const unread = useCounts().data?.unread;
  usePageTitle(conversation.data ? conversation.data.subject || m.list.noSubject : m.list.label, unread);
  useMarkRead(conversation.data);
  usePresentAt(id);
  // One that was merged leads to where it went.
  const [, navigate] = useLocation();
  const actual = conversation.data?.id;
  useEffect(() => {
    if (actual && actual !== id) navigate(`/conversations/${actual}`, { replace: true });
  }, [actual, id, navigate]);
  useSeeMentions(conversation.data?.id);

  useEffect(() => {
    if (!overlaid) return undefined;
    const onKey = (event: KeyboardEvent) => event.key === "Escape" && !event.defaultPrevented && setSide(false);
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [overlaid]);

  if (conversation.isError && !conversation.data) {
    const problem = asProblem(conversation.error);
    const back = { href: backHref, label: m.conversation.backToList };
    if (problem.status === 404) {
      return (
        <div className={styles.failed}>
          <Gone title={m.conversation.notFound} back={back} />
        </div>
      );
    }
    return (
      <div className={styles.failed}>
        <ProblemNotice title={m.conversation.failed} problem={problem} onRetry={() => void conversation.refetch()} />
        <span className={styles.backOnly}>
          <LinkButton href={back.href}>{back.label}</LinkButton>
        </span>
      </div>
    );
  }
  return (
    <div className={classNames(styles.pane, sideShown && styles.withSide)}>
      <Head
        conversation={conversation.data}
        backHref={backHref}
        onStep={onStep}
        sideShown={sideShown}
        onToggleSide={() => setSide(!sideShown)}
      />
      <div className={styles.body}>
        <MessageList
          messages={messages}
          className={styles.scroller ?? ""}
          earlierClass={styles.earlier ?? ""}
        />
        {conversation.data && messages.data && (
          <Composer conversation={conversation.data} messages={messages.data} />
        )}
      </div>
      {overlaid && <div className={styles.backdrop} onPointerDown={() => setSide(false)} />}
      {sideShown && conversation.data && (
        <aside className={styles.side} aria-label={m.conversation.details}>
          <ContactPanel conversation={conversation.data} onClose={overlaid ? () => setSide(false) : undefined} />
        </aside>
      )}
    </div>
  );
}

/** Opening a conversation is reading it. Marking it unread again holds until it is left. */
function useMarkRead(conversation: Conversation | undefined): void {
  const { mutate } = usePatchConversation();
  const done = useRef<string | null>(null);
  const visible = useVisible();
  useEffect(() => {
    if (!conversation || !visible) return;
    // Once for each new activity, so that “mark as unread” is not undone at once.
    const seen = `${conversation.id} ${conversation.lastActivityAt}`;
    if (done.current === seen) return;
    done.current = seen;
    if (conversation.unread) mutate({ conversation, patch: { unread: false } });
  }, [conversation, visible, mutate]);
}

type HeadProps = {
  conversation: Conversation | undefined;
  backHref: string;
  onStep: (by: 1 | -1) => boolean;
  sideShown: boolean;
  onToggleSide: () => void;
};

function Head({ conversation, backHref, onStep, sideShown, onToggleSide }: HeadProps) {
  const [, navigate] = useLocation();
  const heading = useRef<HTMLHeadingElement>(null);
  const subject = conversation ? conversation.subject || m.list.noSubject : null;
  useEffect(() => {
    if (subject !== null) heading.current?.focus({ preventScroll: true });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- when the conversation has come, not when its subject changes
  }, [conversation?.id]);

  return (
    <header className={styles.head}>
      <div className={styles.bar}>
        <span className={styles.backOnly}>
          <IconButton icon="back" label={m.conversation.backToList} shortcut="u" onClick={() => navigate(backHref)} />
        </span>
        {conversation ? <Actions conversation={conversation} /> : <Skeleton width={180} height={34} />}
        <span className={styles.grow} />
        <span className={styles.wideOnly}>
          <IconButton icon="up" label={m.conversation.previous} shortcut="k" onClick={() => onStep(-1)} />
          <IconButton icon="down" label={m.conversation.next} shortcut="j" onClick={() => onStep(1)} />
        </span>
        <IconButton
          icon="panel"
          label={sideShown ? m.conversation.hideDetails : m.conversation.showDetails}
          aria-expanded={sideShown}
          onClick={onToggleSide}
        />
      </div>
      <div className={styles.title}>
        <h1 ref={heading} tabIndex={-1} dir="auto" title={subject ?? undefined}>
          {subject ?? <Skeleton width={280} height={20} />}
        </h1>
        {conversation && (
          <span className={styles.number} title={m.priority.number(conversation.number)}>
            #{conversation.number}
          </span>
        )}
        {conversation && <Marks conversation={conversation} />}
        {conversation && <Presence conversationId={conversation.id} />}
      </div>
    </header>
  );
}

function Marks({ conversation }: { conversation: Conversation }) {
  const patch = usePatchConversation();
  const now = useNow();
  const { status, snoozedUntil } = conversation;
  return (
    <>
      {status === "snoozed" && snoozedUntil ? (
        <Badge tone="warn" icon="clock">
          {m.conversation.snoozedUntil(longTime(snoozedUntil))}
        </Badge>
      ) : (
        <Badge tone={status === "resolved" ? "ok" : status === "open" ? "accent" : "warn"}>
          {m.conversation.status[status]}
        </Badge>
      )}
      <SlaMark conversation={conversation} now={now} long />
      <PriorityMark priority={conversation.priority} />
      {conversation.labels.map((label) => (
        <span key={label} className={styles.label}>
          <span>{label}</span>
          <button
            type="button"
            aria-label={m.conversation.removeLabel(label)}
            onClick={() =>
              patch.mutate({ conversation, patch: { labels: conversation.labels.filter((each) => each !== label) } })
            }
          >
            <Icon name="close" size={11} />
          </button>
        </span>
      ))}
    </>
  );
}

function Actions({ conversation }: { conversation: Conversation }) {
  const { mutate } = usePatchConversation();
  const [merging, setMerging] = useState(false);
  const moves = useMoves(conversation);
  const priorities = usePriorityItems(conversation);
  const closed = conversation.status === "resolved";

  const toggleResolved = () => {
    const { status: before, snoozedUntil } = conversation;
    mutate({
      conversation,
      patch: { status: closed ? "open" : "resolved" },
      said: closed ? m.conversation.reopened : m.conversation.resolved,
      undo: { status: before, ...(before === "snoozed" ? { snoozedUntil } : {}) },
    });
  };
  useCommands({ resolve: toggleResolved });

  return (
    <>
      <Button
        small
        icon={closed ? "reopen" : "check"}
        title={`${closed ? m.conversation.reopen : m.conversation.resolve} (e)`}
        aria-label={closed ? m.conversation.reopen : m.conversation.resolve}
        onClick={toggleResolved}
      >
        {closed ? <span className={styles.roomyOnly}>{m.conversation.reopen}</span> : m.conversation.resolve}
      </Button>
      <SnoozeControl conversation={conversation} />
      <AssignControl conversation={conversation} />
      <LabelControl conversation={conversation} />
      <PriorityControl conversation={conversation} />
      <Menu
        label={m.more}
        items={[
          {
            label: m.conversation.markUnread,
            icon: "mail",
            run: () => mutate({ conversation, patch: { unread: true }, said: m.conversation.markedUnread }),
          },
          conversation.status === "pending"
            ? { label: m.conversation.reopen, icon: "reopen", run: () => mutate({ conversation, patch: { status: "open" } }) }
            : {
                label: m.conversation.pending,
                icon: "clock",
                run: () => mutate({ conversation, patch: { status: "pending" }, said: m.conversation.setPending }),
              },
          { label: m.regroup.merge, icon: "merge", run: () => setMerging(true) },
          "separator",
          ...priorities,
          ...moves,
        ]}
        trigger={(props) => <IconButton small icon="more" label={m.more} {...props} />}
      />
      {merging && <MergeDialog conversation={conversation} onClose={() => setMerging(false)} />}
    </>
  );
}

/** The other inboxes it can be moved to. */
function useMoves(conversation: Conversation): MenuItem[] {
  const channels = useChannels().data ?? [];
  const regrouped = useRegrouped();
  const others = channels.filter((channel) => channel.id !== conversation.channelId);
  if (others.length === 0) return [];
  const move = async (channelId: string, said?: string) => {
    try {
      await conversations.move(conversation.id, channelId);
      regrouped([conversation.id]);
      const before = conversation.channelId;
      const action = said && before ? { label: m.undo, run: () => void move(before) } : undefined;
      if (said) toast(said, { action });
    } catch (error) {
      toastProblem(m.regroup.moveFailed, error);
    }
  };
  return [
    "separator",
    { heading: m.regroup.moveTo },
    ...others.map((channel) => ({
      label: channel.name,
      icon: "inbox" as const,
      run: () => void move(channel.id, m.regroup.moved(channel.name)),
    })),
  ];
}
