/** “Then”: the actions of an automation in their order, a row each. */

import type { Complaint } from "../api/problem";
import { useTemplates } from "../broadcasts/queries";
import { useTeams, useUsers } from "../conversations/queries";
import { PRIORITIES } from "../conversations/filter";
import { m } from "../i18n";
import { Button, IconButton } from "../ui/Button";
import { ComplaintText, SelectField, TextArea, TextField } from "../ui/Field";
import { Segments } from "../ui/Segments";
import styles from "./automations.module.css";
import { ACTIONS, newAction, type ActionRow, type ActionType } from "./form";
import { useEndpoints } from "./queries";

type Props = { actions: ActionRow[]; complaintOf: (pointer: string) => Complaint | undefined; onChange: (actions: ActionRow[]) => void };

export function ActionRows({ actions, complaintOf, onChange }: Props) {
  const put = (index: number, change: Partial<ActionRow>) => onChange(actions.map((each, at) => (at === index ? { ...each, ...change } : each)));
  const move = (index: number, by: number) => {
    const next = [...actions];
    const [row] = next.splice(index, 1);
    if (row) next.splice(index + by, 0, row);
    onChange(next);
  };
  const wrong = complaintOf("actions");
  return (
    <div className={styles.rows}>
      {actions.map((row, index) => (
        <fieldset key={row.key} className={styles.row} aria-label={m.automations.action(index + 1)}>
          <Action row={row} complaintOf={(name) => complaintOf(`actions/${index}/${name}`) ?? (name === "type" ? complaintOf(`actions/${index}`) : undefined)} onChange={(change) => put(index, change)} />
          <span className={styles.remove}>
            <IconButton icon="up" small label={m.automations.actionUp(index + 1)} disabled={index === 0} onClick={() => move(index, -1)} />
            <IconButton icon="down" small label={m.automations.actionDown(index + 1)} disabled={index === actions.length - 1} onClick={() => move(index, 1)} />
            <IconButton
              icon="close"
              small
              label={m.automations.removeAction(index + 1)}
              onClick={() => onChange(actions.filter((each) => each.key !== row.key))}
            />
          </span>
        </fieldset>
      ))}
      {wrong && (
        <p className={styles.wrong} role="alert">
          <ComplaintText complaint={wrong} />
        </p>
      )}
      <Button small icon="plus" className={styles.add} onClick={() => onChange([...actions, newAction()])}>
        {m.automations.addAction}
      </Button>
    </div>
  );
}

type RowProps = { row: ActionRow; complaintOf: (name: string) => Complaint | undefined; onChange: (change: Partial<ActionRow>) => void };

function Action({ row, complaintOf, onChange }: RowProps) {
  return (
    <div className={styles.fields}>
      <SelectField
        label={m.automations.do}
        error={complaintOf("type")}
        hint={hintOf(row.type)}
        value={row.type}
        onChange={(event) => onChange({ type: event.target.value as ActionType })}
      >
        {ACTIONS.map((type) => (
          <option key={type} value={type}>
            {m.automations.actions[type]}
          </option>
        ))}
      </SelectField>
      <Details row={row} complaintOf={complaintOf} onChange={onChange} />
    </div>
  );
}

function hintOf(type: ActionType): string | undefined {
  if (type === "stop") return m.automations.stopHint;
  return type === "askForRating" ? m.automations.askForRatingHint : undefined;
}

function Details({ row, complaintOf, onChange }: RowProps) {
  const field = (name: "label" | "minutes" | "text" | "userId" | "teamId" | "templateId" | "endpointId") => ({
    error: complaintOf(name),
    value: row[name],
    onChange: (event: { target: { value: string } }) => onChange({ [name]: event.target.value }),
  });
  switch (row.type) {
    case "assignUser":
      return <UserField {...field("userId")} />;
    case "assignTeam":
      return <TeamField {...field("teamId")} />;
    case "addLabel":
    case "removeLabel":
      return <TextField label={m.automations.label} autoComplete="off" {...field("label")} />;
    case "setStatus":
      return (
        <SelectField
          label={m.automations.status}
          error={complaintOf("status")}
          value={row.status}
          onChange={(event) => onChange({ status: event.target.value as ActionRow["status"] })}
        >
          {(["open", "pending", "resolved"] as const).map((status) => (
            <option key={status} value={status}>
              {m.automations.statuses[status]}
            </option>
          ))}
        </SelectField>
      );
    case "setPriority":
      return (
        <SelectField
          label={m.priority.title}
          error={complaintOf("priority")}
          value={row.priority}
          onChange={(event) => onChange({ priority: event.target.value as ActionRow["priority"] })}
        >
          {PRIORITIES.map((priority) => (
            <option key={priority} value={priority}>
              {m.priority.names[priority]}
            </option>
          ))}
        </SelectField>
      );
    case "snooze":
      return <TextField label={m.automations.minutes} inputMode="numeric" {...field("minutes")} />;
    case "reply":
      return <Reply row={row} complaintOf={complaintOf} onChange={onChange} />;
    case "note":
      return (
        <div className={styles.whole}>
          <TextArea label={m.automations.noteText} rows={3} {...field("text")} />
        </div>
      );
    case "webhook":
      return <EndpointField {...field("endpointId")} />;
    default:
      return null;
  }
}

type FieldProps = { error: Complaint | undefined; value: string; onChange: (event: { target: { value: string } }) => void };

function TeamField(props: FieldProps) {
  const teams = useTeams().data;
  const gone = props.value !== "" && teams !== undefined && !teams.some((team) => team.id === props.value);
  return (
    <SelectField label={m.automations.team} hint={teams?.length === 0 ? m.automations.noTeams : undefined} {...props}>
      <option value="">{m.automations.choose}</option>
      {gone && <option value={props.value}>{m.automations.teamGone}</option>}
      {teams?.map((team) => (
        <option key={team.id} value={team.id}>
          {team.name}
        </option>
      ))}
    </SelectField>
  );
}

function UserField(props: FieldProps) {
  const people = useUsers().data;
  return (
    <SelectField label={m.automations.user} {...props}>
      <option value="">{m.automations.choose}</option>
      {people?.map((each) => (
        <option key={each.id} value={each.id}>
          {each.name ?? each.email}
        </option>
      ))}
    </SelectField>
  );
}

function EndpointField(props: FieldProps) {
  const endpoints = useEndpoints().data;
  return (
    <SelectField label={m.automations.endpoint} hint={endpoints?.length === 0 ? m.automations.noEndpoints : m.automations.endpointHint} {...props}>
      <option value="">{m.automations.choose}</option>
      {endpoints?.map((each) => (
        <option key={each.id} value={each.id}>
          {each.url}
        </option>
      ))}
    </SelectField>
  );
}

function Reply({ row, complaintOf, onChange }: RowProps) {
  const templates = useTemplates().data;
  return (
    <div className={styles.whole}>
      <Segments
        className={styles.segments}
        label={m.automations.replyBy}
        options={(["text", "template"] as const).map((value) => ({ value, name: m.automations.replyWith[value] }))}
        value={row.replyWith}
        onChange={(replyWith) => onChange({ replyWith })}
      />
      {row.replyWith === "text" ? (
        <TextArea
          label={m.automations.replyText}
          hint={m.automations.replyHint}
          error={complaintOf("text")}
          rows={5}
          value={row.text}
          onChange={(event) => onChange({ text: event.target.value })}
        />
      ) : (
        <SelectField
          label={m.automations.template}
          hint={templates?.length === 0 ? m.automations.noTemplates : m.automations.replyHint}
          error={complaintOf("templateId")}
          value={row.templateId}
          onChange={(event) => onChange({ templateId: event.target.value })}
        >
          <option value="">{m.automations.choose}</option>
          {templates?.map((each) => (
            <option key={each.id} value={each.id}>
              {each.name}
            </option>
          ))}
        </SelectField>
      )}
    </div>
  );
}
