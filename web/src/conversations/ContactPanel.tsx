/** Who the conversation is with, what colleagues know of them, what else they wrote, and the conversation's own facts. */

import { lazy, Suspense } from "react";
import { Link } from "wouter";
import type { Conversation, Rating } from "../api/types";
import { longTime, shortTime } from "../format/time";
import { m } from "../i18n";
import { RatingMark } from "../ratings/RatingMark";
import { Avatar, Breakable, Skeleton } from "../ui/bits";
import { IconButton } from "../ui/Button";
import { useNow } from "../ui/useNow";
import { useChannels, useContact, useContactConversations, useConversation, useUseCase } from "./queries";
import styles from "./ContactPanel.module.css";

/** Of a size that the first look at a conversation need not wait for. */
const ContactCare = lazy(() => import("../contacts/ContactCare"));

type Props = { conversation: Conversation; onClose: (() => void) | undefined };

export function ContactPanel({ conversation, onClose }: Props) {
  const contact = useContact(conversation.contactId);
  const others = useContactConversations(conversation.contactId);
  const channel = useChannels().data?.find((each) => each.id === conversation.channelId);
  const useCase = useUseCase(conversation.useCaseId).data;
  const addresses = contact.data?.addresses ?? [];
  const primary = addresses.find((each) => each.primary) ?? addresses[0];
  const name = contact.data?.name ?? primary?.address ?? m.contact.unknown;
  const rest = others.data?.items.filter((each) => each.id !== conversation.id);
  return (
    <div className={styles.panel}>
      <div className={styles.head}>
        <Avatar name={name} size={40} />
        <div>
          {contact.isLoading ? <Skeleton width={140} /> : <strong dir="auto">{name}</strong>}
          {contact.data?.name && primary && (
            <span className="muted small">
              <Breakable text={primary.address} />
            </span>
          )}
          {contact.data && (
            <Link href={`/contacts/${contact.data.id}`} className={styles.open}>
              {m.contacts.open}
            </Link>
          )}
        </div>
        {onClose && <IconButton icon="close" label={m.conversation.hideDetails} onClick={onClose} />}
      </div>

      {conversation.rating && <RatingSection rating={conversation.rating} />}

      <section className={styles.section}>
        <h3>{m.contact.about}</h3>
        <dl className={styles.facts}>
          {(conversation.channelId || !conversation.useCaseId) && (
            <>
              <dt>{m.contact.channel}</dt>
              <dd>{channel ? <Link href={`/channels/${channel.id}`}>{channel.name}</Link> : m.none}</dd>
            </>
          )}
          {conversation.useCaseId && (
            <>
              <dt>{m.contact.useCase}</dt>
              <dd>{useCase ? <Link href={`/domains/${useCase.domainId}`}>{useCase.name}</Link> : m.none}</dd>
            </>
          )}
          <dt>{m.contact.created}</dt>
          <dd>{longTime(conversation.createdAt)}</dd>
          {contact.data && (
            <>
              <dt>{m.contact.since}</dt>
              <dd>{longTime(contact.data.createdAt)}</dd>
            </>
          )}
        </dl>
      </section>

      {conversation.relatedConversationIds.length > 0 && (
        <section className={styles.section}>
          <h3>{m.conversation.related}</h3>
          <ul>
            {conversation.relatedConversationIds.map((id) => (
              <Related key={id} id={id} />
            ))}
          </ul>
        </section>
      )}

      <section className={styles.section}>
        <h3>{m.contact.others}</h3>
        {others.isLoading && <Skeleton height={36} />}
        {rest?.length === 0 && <p className="muted small">{m.contact.noOthers}</p>}
        <ul>
          {rest?.map((each) => (
            <OtherConversation key={each.id} conversation={each} />
          ))}
        </ul>
      </section>

      {contact.data && (
        <Suspense fallback={<Skeleton height={120} />}>
          <ContactCare key={contact.data.id} contact={contact.data} />
        </Suspense>
      )}
    </div>
  );
}

function RatingSection({ rating }: { rating: Rating }) {
  return (
    <section className={styles.section}>
      <h3>{m.ratings.ofConversation}</h3>
      <p className={styles.rating}>
        <RatingMark value={rating.rating} />
        {rating.comment && <span dir="auto">{rating.comment}</span>}
        <span className="muted">
          {m.ratings.rated(longTime(rating.ratedAt))}
          {rating.changedAt !== rating.ratedAt && ` · ${m.ratings.changed(longTime(rating.changedAt))}`}
        </span>
      </p>
    </section>
  );
}

function Related({ id }: { id: string }) {
  const related = useConversation(id);
  return related.data ? <OtherConversation conversation={related.data} /> : null;
}

function OtherConversation({ conversation }: { conversation: Conversation }) {
  const now = useNow();
  return (
    <li>
      <Link href={`/conversations/${conversation.id}`} className={styles.other}>
        <b dir="auto">{conversation.subject || m.list.noSubject}</b>
        <span className="muted">
          {m.conversation.status[conversation.status]} · {m.list.messages(conversation.messageCount)} ·{" "}
          {shortTime(conversation.lastActivityAt, now)}
        </span>
      </Link>
    </li>
  );
}
