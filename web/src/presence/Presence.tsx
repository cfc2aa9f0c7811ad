/** The faces of those who are at a conversation, and who of them writes. */

import { useUsers } from "../conversations/queries";
import { locale, m } from "../i18n";
import { Avatar } from "../ui/bits";
import { useOthersAt } from "./usePresence";
import styles from "./Presence.module.css";

const FACES_MAX = 4;

/** `Ada, Bob and Eve`. */
function joined(people: { name: string }[]): string {
  return new Intl.ListFormat(locale, { type: "conjunction" }).format(people.map((person) => person.name));
}

export function Presence({ conversationId, small }: { conversationId: string; small?: boolean }) {
  const others = useOthersAt(conversationId);
  const users = useUsers().data ?? [];
  if (others.length === 0) return small ? null : <span className={styles.here} role="status" />;
  const named = others.map((person) => {
    const user = users.find((each) => each.id === person.userId);
    return { ...person, name: user?.name ?? user?.email ?? m.presence.somebody };
  });
  const writing = named.filter((person) => person.typing);
  const said = writing.length > 0 ? m.presence.writes(joined(writing), writing.length) : m.presence.looks(joined(named), named.length);
  return (
    <span className={styles.here} role={small ? undefined : "status"} title={said}>
      {named.slice(0, FACES_MAX).map((person) => (
        <span key={person.userId} className={styles.face} data-typing={person.typing || undefined} aria-hidden="true">
          <Avatar name={person.name} size={small ? 16 : 24} />
        </span>
      ))}
      {small ? <span className="visually-hidden">{said}</span> : <span className={styles.said}>{said}</span>}
    </span>
  );
}
