/** The fields of a channel that is there. Its servers' are those of the set-up too. */

import type { Complaint, Problem } from "../api/problem";
import { useTeams } from "../conversations/queries";
import { m } from "../i18n";
import { Choice, rowClass, SelectField, TextArea, TextField } from "../ui/Field";
import type { ChannelForm, FormErrors } from "./form";
import styles from "./channels.module.css";

/** What is wrong with a field: found here, or complained about by the server. */
export type Wrong = (name: keyof ChannelForm, pointer?: string) => Complaint | undefined;

export function wrongOf(errors: FormErrors, problem: Problem | null): Wrong {
  return (name, pointer = name) => errors[name] ?? problem?.field(pointer);
}

type Props = {
  form: ChannelForm;
  wrong: Wrong;
  onChange: (change: Partial<ChannelForm>) => void;
};

export function ChannelFields({ form, wrong, onChange }: Props) {
  return (
    <>
      <div className={rowClass}>
        <TextField
          label={m.channels.name}
          hint={m.channels.nameHint}
          error={wrong("name")}
          value={form.name}
          onChange={(event) => onChange({ name: event.target.value })}
        />
        <TextField
          label={m.channels.displayName}
          hint={m.channels.displayNameHint}
          error={wrong("displayName")}
          optional
          value={form.displayName}
          onChange={(event) => onChange({ displayName: event.target.value })}
        />
      </div>
      <div className={rowClass}>
        <TextField
          label={m.channels.email}
          hint={m.channels.emailHint}
          error={wrong("emailAddress")}
          optional={form.provider !== "smtp_imap"}
          type="email"
          value={form.emailAddress}
          onChange={(event) => onChange({ emailAddress: event.target.value })}
        />
        <TextField
          label={m.channels.aliases}
          hint={m.channels.aliasesHint}
          error={wrong("aliases")}
          optional
          value={form.aliases}
          onChange={(event) => onChange({ aliases: event.target.value })}
        />
      </div>
      {form.provider === "smtp_imap" && <ServerFields form={form} wrong={wrong} passwordKept onChange={onChange} />}
      <TextArea
        label={m.channels.signature}
        hint={m.channels.signatureHint}
        error={wrong("signature", "signature/text")}
        optional
        value={form.signature}
        onChange={(event) => onChange({ signature: event.target.value })}
      />
      <TeamField form={form} error={wrong("teamId")} onChange={onChange} />
      <SelectField
        label={m.channels.authPolicy}
        value={form.authPolicy}
        onChange={(event) => onChange({ authPolicy: event.target.value as ChannelForm["authPolicy"] })}
      >
        {Object.entries(m.channels.authPolicies).map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </SelectField>
      <Choice
        label={m.channels.threadBySubject}
        checked={form.threadBySubject}
        onChange={(event) => onChange({ threadBySubject: event.target.checked })}
      />
    </>
  );
}

type TeamProps = Pick<Props, "form" | "onChange"> & { error: Complaint | undefined };

export function TeamField({ form, error, onChange }: TeamProps) {
  const teams = useTeams().data ?? [];
  if (teams.length === 0 && !form.teamId) return null;
  return (
    <SelectField
      label={m.teams.channelField}
      hint={m.teams.channelHint}
      error={error}
      value={form.teamId}
      onChange={(event) => onChange({ teamId: event.target.value })}
    >
      <option value="">{m.teams.none}</option>
      {teams.map((team) => (
        <option key={team.id} value={team.id}>
          {team.name}
        </option>
      ))}
    </SelectField>
  );
}

type ServerProps = Props & {
  /** One is set already. */
  passwordKept: boolean;
  usernameHint?: string;
};

/** Ports by security: what one expects where nothing else is said. */
const USUAL_PORTS = {
  smtp: { starttls: "587", tls: "465", none: "25" },
  imap: { starttls: "143", tls: "993", none: "143" },
} as const;

export function ServerFields({ form, wrong, passwordKept, usernameHint, onChange }: ServerProps) {
  return (
    <>
      <fieldset className={styles.server}>
        <legend>{m.channels.outgoing}</legend>
        <ServerRow which="smtp" form={form} wrong={wrong} onChange={onChange} />
      </fieldset>
      <fieldset className={styles.server}>
        <legend>{m.channels.incoming}</legend>
        <p className="muted small">{m.channels.incomingText}</p>
        <ServerRow which="imap" form={form} wrong={wrong} onChange={onChange} />
      </fieldset>
      <fieldset className={styles.server}>
        <legend>{m.channels.signIn}</legend>
        <div className={rowClass}>
          <TextField
            label={m.channels.username}
            hint={usernameHint}
            error={wrong("username", "config/username")}
            autoComplete="off"
            spellCheck={false}
            optional
            value={form.username}
            onChange={(event) => onChange({ username: event.target.value })}
          />
          <TextField
            label={m.channels.password}
            hint={passwordKept ? m.channels.passwordKept : m.channels.passwordHint}
            error={wrong("password", "config/password")}
            type="password"
            autoComplete="new-password"
            optional
            value={form.password}
            onChange={(event) => onChange({ password: event.target.value })}
          />
        </div>
      </fieldset>
    </>
  );
}

type RowProps = Props & { which: "smtp" | "imap" };

function ServerRow({ which, form, wrong, onChange }: RowProps) {
  const [host, port, security] = [`${which}Host`, `${which}Port`, `${which}Security`] as const;
  const labels = m.channels.servers[which];
  return (
    <div className={styles.serverRow}>
      <TextField
        label={labels.host}
        error={wrong(host, `config/${host}`)}
        value={form[host]}
        optional={which === "imap"}
        spellCheck={false}
        onChange={(event) => onChange({ [host]: event.target.value })}
      />
      <SelectField
        label={labels.security}
        value={form[security]}
        onChange={(event) => {
          const chosen = event.target.value as ChannelForm["smtpSecurity"];
          const usual = Object.values<string>(USUAL_PORTS[which]).includes(form[port]);
          onChange({ [security]: chosen, ...(usual ? { [port]: USUAL_PORTS[which][chosen] } : {}) });
        }}
      >
        {Object.entries(m.channels.securities).map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </SelectField>
      <TextField
        label={labels.port}
        error={wrong(port, `config/${port}`)}
        inputMode="numeric"
        value={form[port]}
        onChange={(event) => onChange({ [port]: event.target.value })}
      />
    </div>
  );
}
