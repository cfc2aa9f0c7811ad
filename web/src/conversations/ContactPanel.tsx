/** Who the conversation is with, what else they wrote, and the conversation's own facts. */

import { Link } from "wouter";
import type { Conversation } from "../api/types";
import { longTime, shortTime } from "../format/time";
import { m } from "../i18n";
import { Avatar, Breakable, Skeleton } from "../ui/bits";
import { IconButton } from "../ui/Button";
import { useNow } from "../ui/useNow";
import { useChannels, useContact, useContactConversations, useConversation, useUseCase } from "./queries";
import styles from "./ContactPanel.module.css";

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
        </div>
        {onClose && <IconButton icon="close" label={m.conversation.hideDetails} onClick={onClose} />}
      </div>

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

      {addresses.length > 1 && (
        <section className={styles.section}>
          <h3>{m.contact.addresses}</h3>
          <ul className="small">
            {addresses.map((each) => (
              <li key={each.address}>
                <Breakable text={each.address} />
              </li>
            ))}
          </ul>
        </section>
      )}

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
    </div>
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
