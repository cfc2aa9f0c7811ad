/** The DNS records of a domain: what to publish, and what was found in its place. */

import type { DnsRecord } from "../api/types";
import { sentence } from "../format/text";
import { m } from "../i18n";
import { Badge, CopyField, type Tone } from "../ui/bits";
import styles from "./domains.module.css";

function toneOf(record: DnsRecord): Tone {
  if (record.status === "verified") return "ok";
  if (record.status === "wrong") return record.required ? "danger" : "warn";
  return record.required ? "warn" : "plain";
}

function needOf(record: DnsRecord): string {
  if (!record.required) return m.domains.optional;
  return record.purpose === "dkim" ? m.domains.oneRequired : m.domains.required;
}

export function Records({ records }: { records: DnsRecord[] }) {
  return (
    <ul className={styles.records}>
      {records.map((record) => (
        <li key={`${record.type} ${record.name} ${record.purpose}`}>
          <Record record={record} />
        </li>
      ))}
    </ul>
  );
}

function Record({ record }: { record: DnsRecord }) {
  const what = m.domains.purposes[record.purpose] ?? record.purpose;
  return (
    <article className={styles.record} aria-label={`${what}, ${record.type}`}>
      <header className={styles.recordHead}>
        <h3>{what}</h3>
        <code>{record.type}</code>
        <span className={styles.grow} />
        <Badge>{needOf(record)}</Badge>
        <Badge tone={toneOf(record)}>{m.domains.recordStatus[record.status] ?? record.status}</Badge>
      </header>
      <p className="muted small">{m.domains.purposeText[record.purpose]}</p>
      <dl className={styles.values}>
        <dt>{m.domains.recordName}</dt>
        <dd>
          <CopyField value={record.name} label={m.domains.copyName(what)} />
        </dd>
        <dt>{m.domains.recordValue}</dt>
        <dd>
          <CopyField value={record.value} label={m.domains.copyValue(what)} />
        </dd>
        {record.status === "wrong" && record.found && (
          <>
            <dt>{m.domains.recordFound}</dt>
            <dd>
              <code className={styles.found}>{record.found}</code>
            </dd>
          </>
        )}
      </dl>
      {record.problem && record.status !== "verified" && <p className={styles.problem}>{sentence(record.problem)}</p>}
    </article>
  );
}
