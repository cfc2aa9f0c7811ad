/** The audit log: who did what, filtered in the address, a page at a time, and as a file. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { useLocation, useSearch } from "wouter";
import { auditLog } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import { pathWithQuery } from "../api/request";
import type { AuditEntry } from "../api/types";
import { useUsers } from "../conversations/queries";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { useIsAdmin } from "../people/changes";
import { Page } from "../shell/Page";
import { EmptyState } from "../ui/bits";
import { buttonLook } from "../ui/Button";
import { SelectField, TextField } from "../ui/Field";
import { ListSkeleton, LoadMore } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { SettingsTabs } from "../workspace/SettingsTabs";
import styles from "./audit.module.css";

const NAMES = ["action", "actorId", "since", "before"] as const;
type Filter = Partial<Record<(typeof NAMES)[number], string>>;

function filterOf(search: string): Filter {
  const params = new URLSearchParams(search);
  return Object.fromEntries(NAMES.flatMap((name) => (params.get(name) ? [[name, params.get(name) ?? ""]] : [])));
}

/** Days here are the reader's own; the last one is within. */
function queryOf({ since, before, ...rest }: Filter): Record<string, string> {
  const start = (day: string, plusDays: number): string | undefined => {
    const at = new Date(`${day}T00:00:00`);
    at.setDate(at.getDate() + plusDays);
    return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
  };
  const times = { since: since && start(since, 0), before: before && start(before, 1) };
  return Object.fromEntries(Object.entries({ ...rest, ...times }).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

export default function AuditLog() {
  if (useIsAdmin()) return <Log />;
  return (
    <Page title={m.auditLog.title} lead={m.auditLog.lead}>
      <SettingsTabs />
      <EmptyState icon="book" title={m.auditLog.onlyAdmins} />
    </Page>
  );
}

function Log() {
  const [, navigate] = useLocation();
  const filter = filterOf(useSearch());
  const query = queryOf(filter);
  const log = useInfiniteQuery({
    queryKey: keys.auditLog(query),
    queryFn: ({ pageParam, signal }) => auditLog.page({ ...query, cursor: pageParam }, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.cursor || undefined,
  });
  const entries = log.data?.pages.flatMap((page) => page.items) ?? [];
  const set = (change: Filter) => navigate(pathWithQuery("/audit-log", { ...filter, ...change }), { replace: true });
  const file = (
    <a className={buttonLook({})} href={pathWithQuery("/api/v1/audit-log/export", query)} download="audit-log.csv">
      {m.auditLog.export}
    </a>
  );
  return (
    <Page title={m.auditLog.title} lead={m.auditLog.lead} actions={file}>
      <SettingsTabs />
      <Filters filter={filter} onChange={set} />
      {log.isPending && <ListSkeleton rows={6} />}
      {log.isError && entries.length === 0 && (
        <ProblemNotice title={m.auditLog.failed} problem={asProblem(log.error)} onRetry={() => void log.refetch()} />
      )}
      {log.data && entries.length === 0 && <EmptyState icon="book" title={m.auditLog.empty} text={m.auditLog.emptyText} />}
      {entries.length > 0 && <Entries entries={entries} />}
      <LoadMore list={log} />
    </Page>
  );
}

function Filters({ filter, onChange }: { filter: Filter; onChange: (change: Filter) => void }) {
  const people = useUsers().data ?? [];
  const day = (name: "since" | "before") => (
    <TextField label={m.auditLog[name]} type="date" value={filter[name] ?? ""} onChange={(event) => onChange({ [name]: event.target.value })} />
  );
  return (
    <div className={styles.filters} role="group" aria-label={m.auditLog.filter}>
      <SelectField label={m.auditLog.action} value={filter.action ?? ""} onChange={(event) => onChange({ action: event.target.value })}>
        <option value="">{m.auditLog.anyAction}</option>
        {Object.entries(m.auditLog.actions).map(([action, words]) => (
          <option key={action} value={action}>
            {words}
          </option>
        ))}
      </SelectField>
      <SelectField label={m.auditLog.actor} value={filter.actorId ?? ""} onChange={(event) => onChange({ actorId: event.target.value })}>
        <option value="">{m.auditLog.anybody}</option>
        {people.map((user) => (
          <option key={user.id} value={user.id}>
            {user.email}
          </option>
        ))}
      </SelectField>
      {day("since")}
      {day("before")}
    </div>
  );
}

function Entries({ entries }: { entries: AuditEntry[] }) {
  return (
    <div className={styles.frame}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{m.auditLog.time}</th>
            <th scope="col">{m.auditLog.who}</th>
            <th scope="col">{m.auditLog.what}</th>
            <th scope="col">{m.auditLog.from}</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <Row key={entry.id} entry={entry} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ entry: { at, actor, action, target, changed, address } }: { entry: AuditEntry }) {
  // Whoever signs in is told of already.
  const about = target.name && target.id !== actor.id ? target.name : null;
  return (
    <tr>
      <td className={styles.time}>{longTime(at)}</td>
      <td className={styles.who}>{actor.name ?? m.auditLog.actors[actor.type]}</td>
      <td>
        {m.auditLog.actions[action] ?? action}
        {about && <strong> {about}</strong>}
        {changed.length > 0 && <small>{m.auditLog.changed(changed.join(", "))}</small>}
      </td>
      <td className={styles.address}>{address}</td>
    </tr>
  );
}
