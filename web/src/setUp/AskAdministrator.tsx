/** Who can create a channel, for those who can't. */

import { useUsers } from "../conversations/queries";
import { m } from "../i18n";
import { EmptyState } from "../ui/bits";
import styles from "./setUp.module.css";

export function AskAdministrator() {
  const administrators = useUsers().data?.filter((user) => user.role === "admin") ?? [];
  const known = administrators.length > 0;
  return (
    <EmptyState icon="people" title={m.setUp.askTitle} text={known ? m.setUp.askText : m.setUp.askNobody}>
      {known && (
        <ul className={styles.people}>
          {administrators.map((user) => (
            <li key={user.id}>
              {user.name && <strong>{user.name} </strong>}
              <a href={`mailto:${user.email}`}>{user.email}</a>
            </li>
          ))}
        </ul>
      )}
    </EmptyState>
  );
}
