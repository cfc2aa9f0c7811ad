/** Where a mailbox is and how to sign in there: filled in as far as it was found out, tested, then kept. */

import { useState, type FormEvent } from "react";
import { channels } from "../api/endpoints";
import { Problem } from "../api/problem";
import { ServerFields, wrongOf } from "../channels/ChannelFields";
import { checkForm, creationBody, type ChannelForm, type FormErrors } from "../channels/form";
import { TestConnection } from "../channels/TestConnection";
import { m } from "../i18n";
import { Button } from "../ui/Button";
import { formClass } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useFirstError } from "../ui/useFirstError";
import { StepHeading } from "./StepHeading";
import type { Found } from "./state";
import styles from "./setUp.module.css";

type Props = {
  form: ChannelForm;
  found: Found | null;
  focused: boolean;
  busy: boolean;
  problem: Problem | null;
  onChange: (change: Partial<ChannelForm>) => void;
  onBack: () => void;
  onCreate: () => void;
};

function foundInWords(found: Found | null): string {
  if (!found) return "";
  const domain = found.email.split("@").at(-1) ?? "";
  const { foundBy } = m.setUp;
  return found.source in foundBy ? foundBy[found.source as keyof typeof foundBy](domain) : m.setUp.notFound(domain);
}

export function ServersStep({ form, found, focused, busy, problem, onChange, onBack, onCreate }: Props) {
  const [errors, setErrors] = useState<FormErrors>({});
  const [passed, setPassed] = useState<boolean | null>(null);
  const formRef = useFirstError(errors, problem);
  const isComplete = () => {
    const wrong = checkForm(form);
    setErrors(wrong);
    return Object.keys(wrong).length === 0;
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (isComplete() && !busy) onCreate();
  };
  return (
    <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
      <div>
        <StepHeading focused={focused} title={m.setUp.serversTitle} text={foundInWords(found)} />
      </div>
      {problem && <ProblemNotice title={m.channels.createFailed} problem={problem} />}
      <ServerFields
        form={form}
        wrong={wrongOf(errors, problem)}
        passwordKept={false}
        usernameHint={m.setUp.usernameHint}
        onChange={(change) => {
          setPassed(null);
          onChange(change);
        }}
      />
      <details className={styles.more}>
        <summary>{m.setUp.appPasswords}</summary>
        <ul className={styles.list}>
          {m.setUp.appPasswordList.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      </details>
      <TestConnection
        form={form}
        primary={!passed}
        run={async () => {
          if (!isComplete()) throw new Problem(422, { detail: m.channels.testIncomplete });
          return channels.testNew(creationBody(form));
        }}
        onResult={setPassed}
      />
      <div className={styles.buttons}>
        <Button onClick={onBack}>{m.back}</Button>
        <Button type="submit" variant={passed ? "primary" : "default"} disabled={busy}>
          {busy ? m.channels.creating : passed ? m.channels.createNow : passed === null ? m.setUp.createUntested : m.setUp.createAnyway}
        </Button>
      </div>
    </form>
  );
}
