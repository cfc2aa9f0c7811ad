/** One conversation of the list: a link with whom, what and when, and a box that selects it. */

import { memo, type MouseEvent } from "react";
import { Link } from "wouter";
import type { Conversation, Team, User } from "../api/types";
import { useHasDraft } from "../composer/useDraft";
import { longTime, shortTime } from "../format/time";
import { m } from "../i18n";
import { Presence } from "../presence/Presence";
import { SlaMark } from "../sla/SlaMark";
import { Avatar, Badge } from "../ui/bits";
import { classNames } from "../ui/Button";
import styles from "./ConversationList.module.css";
import { Highlighted } from "./Highlighted";
import { PriorityMark } from "./Priority";

/** What there is room for beside the first words. */
const LABELS_MAX = 2;

type Props = {
  conversation: Conversation;
  /** It is the one that is open. */
  open: boolean;
  selected: boolean;
  href: string;
  index: number;
  now: Date;
  users: User[] | undefined;
  teams: Team[] | undefined;
  /** `range`: from where the selection was to here. */
  onSelect: (id: string, range: boolean) => void;
};

/** Only what changed is drawn again: a list that scrolls has a few dozen of these. */
export const Row = memo(function Row({ conversation, open, selected, href, index, now, users, teams, onSelect }: Props) {
  const assignee = users?.find((user) => user.id === conversation.assigneeId);
  const team = teams?.find((each) => each.id === conversation.teamId);
  const from = conversation.contact?.name ?? conversation.contact?.address ?? m.contact.unknown;
  const subject = conversation.subject || m.list.noSubject;
  const draft = useHasDraft(conversation.id);
  const onClick = (event: MouseEvent) => {
    if (!event.shiftKey) return;
    // As in any list: Shift and a click take everything in between.
    event.preventDefault();
    onSelect(conversation.id, true);
  };
  return (
    <>
      <Link
        href={href}
        data-row={index}
        data-id={conversation.id}
        className={classNames(styles.link, conversation.unread && styles.unread, selected && styles.selected)}
        aria-current={open ? "true" : undefined}
        // The router leaves clicks with a modifier to the browser, which would open a window.
        onClickCapture={onClick}
      >
        <span className={styles.dot}>{conversation.unread && <span className="visually-hidden">{m.list.unreadMark}</span>}</span>
        <span>
          <span className={styles.top}>
            <span className={styles.from}>
              <Highlighted text={from} />
            </span>
            {conversation.messageCount > 1 && (
              <span className={styles.count} title={m.list.messages(conversation.messageCount)}>
                {conversation.messageCount}
              </span>
            )}
            <time className={styles.time} dateTime={conversation.lastActivityAt} title={longTime(conversation.lastActivityAt)}>
              {shortTime(conversation.lastActivityAt, now)}
            </time>
          </span>
          <span className={styles.top}>
            <span className={styles.subject}>
              <Highlighted text={subject} />
            </span>
            <Presence conversationId={conversation.id} small />
            <PriorityMark priority={conversation.priority} />
            <SlaMark conversation={conversation} now={now} />
            {draft && <Badge tone="warn">{m.list.draft}</Badge>}
            {conversation.status !== "open" && <Badge>{m.conversation.status[conversation.status]}</Badge>}
          </span>
          <span className={styles.top}>
            <span className={styles.preview}>
              <Highlighted text={conversation.match?.snippet ?? conversation.preview} />
            </span>
            {conversation.labels.slice(0, LABELS_MAX).map((label) => (
              <span key={label} className={styles.label} title={label}>
                <Badge tone="accent">{label}</Badge>
              </span>
            ))}
            {conversation.labels.length > LABELS_MAX && (
              <span className={styles.count} title={conversation.labels.slice(LABELS_MAX).join(", ")}>
                +{conversation.labels.length - LABELS_MAX}
              </span>
            )}
            {!assignee && team && (
              <span className={styles.label} title={m.teams.waitingFor(team.name)}>
                <Badge icon="people">{team.name}</Badge>
              </span>
            )}
            {assignee && (
              <span title={m.list.assignedTo(assignee.name ?? assignee.email)}>
                <Avatar name={assignee.name ?? assignee.email} size={18} />
                <span className="visually-hidden">{m.list.assignedTo(assignee.name ?? assignee.email)}</span>
              </span>
            )}
          </span>
        </span>
      </Link>
      <label className={styles.box}>
        <input
          type="checkbox"
          // x selects from the row itself: a stop more for every row would double the way through the list.
          tabIndex={-1}
          aria-label={m.bulk.select(subject)}
          checked={selected}
          onChange={() => onSelect(conversation.id, false)}
          onClick={(event) => {
            if (!event.shiftKey) return;
            event.preventDefault();
            onSelect(conversation.id, true);
          }}
        />
      </label>
    </>
  );
});
