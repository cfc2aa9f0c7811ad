/** What narrows the list: a whole address, a scope, a reason. */

import { useRef, useState, type FormEvent } from "react";
import { looksLikeAddress } from "../format/address";
import { m } from "../i18n";
import { useCommands } from "../keyboard/dispatcher";
import { Button } from "../ui/Button";
import { SelectField, TextField } from "../ui/Field";
import type { SuppressionFilter } from "./filter";
import styles from "./suppressions.module.css";

type Props = { filter: SuppressionFilter; onChange: (filter: SuppressionFilter) => void };

export function FilterForm({ filter, onChange }: Props) {
  const [typed, setTyped] = useState(filter.address ?? "");
  const [complaint, setComplaint] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  useCommands({ search: () => field.current?.focus() });
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const address = typed.trim();
    const wrong = address !== "" && !looksLikeAddress(address);
    setComplaint(wrong ? m.suppressions.addressMissing : null);
    if (!wrong) onChange({ ...filter, address });
  };
  return (
    <form role="search" aria-label={m.suppressions.title} className={styles.filter} onSubmit={onSubmit} noValidate>
      <div className={styles.find}>
        <TextField
          ref={field}
          label={m.suppressions.search}
          error={complaint}
          placeholder={m.suppressions.searchHint}
          type="search"
          inputMode="email"
          autoCapitalize="none"
          autoComplete="off"
          spellCheck={false}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setComplaint(null);
            if (event.target.value === "" && filter.address) onChange({ ...filter, address: "" });
          }}
        />
        <Button type="submit" icon="search">
          {m.suppressions.find}
        </Button>
      </div>
      <SelectField
        label={m.suppressions.scope}
        value={filter.scope ?? ""}
        onChange={(event) => onChange({ ...filter, scope: event.target.value })}
      >
        <option value="">{m.suppressions.anyScope}</option>
        {Object.entries(m.suppressions.scopes).map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </SelectField>
      <SelectField
        label={m.suppressions.reason}
        value={filter.reason ?? ""}
        onChange={(event) => onChange({ ...filter, reason: event.target.value })}
      >
        <option value="">{m.suppressions.anyReason}</option>
        {Object.entries(m.suppressions.reasons).map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </SelectField>
    </form>
  );
}
