/** “If”: the conditions of an automation, a row each. */

import type { Complaint } from "../api/problem";
import { useChannels } from "../conversations/queries";
import { m } from "../i18n";
import { Button, IconButton } from "../ui/Button";
import { SelectField, TextField } from "../ui/Field";
import { Segments } from "../ui/Segments";
import styles from "./automations.module.css";
import { choicesOf, FIELDS, newCondition, operatorsOf, withField, type AutomationForm, type ConditionField, type ConditionRow, type Operator } from "./form";

type Props = { form: AutomationForm; complaintOf: (pointer: string) => Complaint | undefined; onChange: (change: Partial<AutomationForm>) => void };

export function ConditionRows({ form, complaintOf, onChange }: Props) {
  const { conditions } = form;
  const put = (index: number, row: ConditionRow) => onChange({ conditions: conditions.map((each, at) => (at === index ? row : each)) });
  return (
    <div className={styles.rows}>
      {conditions.length > 1 && (
        <Segments
          className={styles.segments}
          label={m.automations.match}
          options={(["all", "any"] as const).map((value) => ({ value, name: m.automations.matches[value] }))}
          value={form.match}
          onChange={(match) => onChange({ match })}
        />
      )}
      {conditions.length === 0 && <p className={styles.always}>{m.automations.always}</p>}
      {conditions.map((row, index) => (
        <fieldset key={row.key} className={styles.row} aria-label={m.automations.condition(index + 1)}>
          <Condition row={row} complaintOf={(name) => complaintOf(`conditions/items/${index}/${name}`)} onChange={(next) => put(index, next)} />
          <IconButton
            icon="close"
            label={m.automations.removeCondition(index + 1)}
            className={styles.remove}
            onClick={() => onChange({ conditions: conditions.filter((each) => each.key !== row.key) })}
          />
        </fieldset>
      ))}
      <Button small icon="plus" className={styles.add} onClick={() => onChange({ conditions: [...conditions, newCondition()] })}>
        {m.automations.addCondition}
      </Button>
    </div>
  );
}

type RowProps = { row: ConditionRow; complaintOf: (name: string) => Complaint | undefined; onChange: (row: ConditionRow) => void };

function Condition({ row, complaintOf, onChange }: RowProps) {
  return (
    <div className={styles.fields}>
      <SelectField label={m.automations.field} value={row.field} onChange={(event) => onChange(withField(row, event.target.value as ConditionField))}>
        {FIELDS.map((field) => (
          <option key={field} value={field}>
            {m.automations.fields[field]}
          </option>
        ))}
      </SelectField>
      {row.field === "contactAttribute" && (
        <TextField
          label={m.automations.attribute}
          error={complaintOf("attribute")}
          value={row.attribute}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => onChange({ ...row, attribute: event.target.value })}
        />
      )}
      <SelectField
        label={m.automations.operator}
        error={complaintOf("operator")}
        value={row.operator}
        onChange={(event) => onChange({ ...row, operator: event.target.value as Operator })}
      >
        {operatorsOf(row.field).map((operator) => (
          <option key={operator} value={operator}>
            {m.automations.operators[operator]}
          </option>
        ))}
      </SelectField>
      <ValueField row={row} error={complaintOf("value")} onChange={(value) => onChange({ ...row, value })} />
    </div>
  );
}

type ValueProps = { row: ConditionRow; error: Complaint | undefined; onChange: (value: string) => void };

function ValueField({ row, error, onChange }: ValueProps) {
  const channels = useChannels().data;
  const choices = choicesOf(row.field);
  if (!choices) {
    return (
      <TextField
        label={m.automations.value}
        hint={row.operator === "matches" ? m.automations.patternHint : undefined}
        error={error}
        value={row.value}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        onChange={(event) => onChange(event.target.value)}
      />
    );
  }
  const options =
    row.field === "channelId"
      ? [["", m.automations.choose] as const, ...(channels ?? []).map((each) => [each.id, each.name] as const)]
      : choices.map((choice) => [choice, wordOf(row.field, choice)] as const);
  return (
    <SelectField label={m.automations.value} error={error} value={row.value} onChange={(event) => onChange(event.target.value)}>
      {options.map(([value, name]) => (
        <option key={value} value={value}>
          {name}
        </option>
      ))}
    </SelectField>
  );
}

function wordOf(field: ConditionField, choice: string): string {
  const words: Partial<Record<ConditionField, Record<string, string>>> = {
    status: m.automations.statuses,
    priority: m.priority.names,
    businessHours: m.automations.hoursWords,
  };
  return (words[field] ?? m.automations.yesNo)[choice as keyof typeof m.automations.yesNo] ?? choice;
}
