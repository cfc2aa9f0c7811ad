/** What the new inbox is called and which address it has. A mailbox's servers are looked for on the way to the next step. */

import { useState, type FormEvent } from "react";
import { TeamField, wrongOf } from "../channels/ChannelFields";
import { checkAddress, type ChannelForm, type FormErrors } from "../channels/form";
import type { Problem } from "../api/problem";
import { looksLikeAddress } from "../format/address";
import { m } from "../i18n";
import { Button } from "../ui/Button";
import { formClass, rowClass, TextArea, TextField } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useFirstError } from "../ui/useFirstError";
import { StepHeading } from "./StepHeading";
import type { Way } from "./state";
import styles from "./setUp.module.css";

type Props = {
  way: Way;
  form: ChannelForm;
  focused: boolean;
  busy: boolean;
  problem: Problem | null;
  onChange: (change: Partial<ChannelForm>) => void;
  onBack: () => void;
  onNext: () => void;
};

function check(way: Way, form: ChannelForm): FormErrors {
  if (way !== "domain") return checkAddress(form);
  const errors: FormErrors = {};
  if (!looksLikeAddress(form.emailAddress)) errors.emailAddress = m.setUp.domainAddressMissing;
  if (form.displayName.trim() === "") errors.displayName = m.setUp.entityNameMissing;
  return errors;
}

export function AddressStep({ way, form, focused, busy, problem, onChange, onBack, onNext }: Props) {
  const [errors, setErrors] = useState<FormErrors>({});
  const formRef = useFirstError(errors, problem);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const found = check(way, form);
    setErrors(found);
    if (Object.keys(found).length === 0 && !busy) onNext();
  };
  const wrong = wrongOf(errors, problem);
  const last = way === "forwarding" || way === "sandbox";
  const failed = way === "domain" ? m.setUp.domainFailed : m.channels.createFailed;
  return (
    <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
      <div>
        <StepHeading focused={focused} title={m.setUp.addressTitle[way]} text={m.setUp.addressLead[way]} />
      </div>
      {problem && <ProblemNotice title={failed} problem={problem} />}
      {way === "domain" ? (
        <div className={rowClass}>
          <TextField
            label={m.channels.email}
            hint={m.setUp.domainAddressHint}
            error={wrong("emailAddress") ?? problem?.field("name")}
            type="email"
            value={form.emailAddress}
            onChange={(event) => onChange({ emailAddress: event.target.value })}
          />
          <TextField
            label={m.setUp.entityName}
            hint={m.setUp.entityNameHint}
            error={wrong("displayName")}
            value={form.displayName}
            onChange={(event) => onChange({ displayName: event.target.value })}
          />
        </div>
      ) : (
        <ChannelAddress form={form} wrong={wrong} onChange={onChange} />
      )}
      <div className={styles.buttons}>
        <Button onClick={onBack}>{m.back}</Button>
        <Button type="submit" variant="primary" disabled={busy}>
          {busy ? (last || way === "domain" ? m.channels.creating : m.setUp.lookingUp) : last ? m.channels.createNow : m.channels.next}
        </Button>
      </div>
    </form>
  );
}

type AddressProps = Pick<Props, "form" | "onChange"> & { wrong: ReturnType<typeof wrongOf> };

function ChannelAddress({ form, wrong, onChange }: AddressProps) {
  const isMailbox = form.provider === "smtp_imap";
  const more = form.aliases !== "" || form.signature !== "" || form.displayName !== "" || form.teamId !== "";
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
          label={m.channels.email}
          hint={m.channels.emailHint}
          error={wrong("emailAddress")}
          optional={!isMailbox}
          type="email"
          value={form.emailAddress}
          onChange={(event) => onChange({ emailAddress: event.target.value })}
        />
      </div>
      <details className={styles.more} open={more || undefined}>
        <summary>{m.setUp.moreFields}</summary>
        <div className={formClass}>
          <div className={rowClass}>
            <TextField
              label={m.channels.displayName}
              hint={m.channels.displayNameHint}
              error={wrong("displayName")}
              optional
              value={form.displayName}
              onChange={(event) => onChange({ displayName: event.target.value })}
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
          <TeamField form={form} error={wrong("teamId")} onChange={onChange} />
          <TextArea
            label={m.channels.signature}
            hint={m.channels.signatureHint}
            error={wrong("signature", "signature/text")}
            optional
            value={form.signature}
            onChange={(event) => onChange({ signature: event.target.value })}
          />
        </div>
      </details>
    </>
  );
}
