/** Setting up an authenticator app: its secret as a QR code and as text, a code that confirms it, recovery codes. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { secondFactor } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import { m } from "../i18n";
import { CopyField, Skeleton } from "../ui/bits";
import { Button } from "../ui/Button";
import { formClass, TextField } from "../ui/Field";
import { listStyles } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useFirstError } from "../ui/useFirstError";
import { QrCode } from "./QrCode";
import styles from "./secondFactor.module.css";

/** Groups of four are easier to type. */
function spaced(secret: string): string {
  return secret.replaceAll(/(.{4})(?=.)/g, "$1 ");
}

export function SecondFactorSetUp({ onDone }: { onDone: () => void }) {
  // A secret a visit: asking again makes another one, and the app would show codes of the first.
  const begun = useQuery({
    queryKey: [...keys.secondFactor, "begun"],
    queryFn: () => secondFactor.begin(),
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  const [code, setCode] = useState("");
  const client = useQueryClient();
  const confirm = useMutation({
    mutationFn: () => secondFactor.confirm(code.trim()),
    onSuccess: () => void client.invalidateQueries({ queryKey: keys.users }),
  });
  const formRef = useFirstError(confirm.error);
  if (confirm.data) return <RecoveryCodeList codes={confirm.data.recoveryCodes} onDone={onDone} />;
  if (begun.isPending) return <Skeleton height={208} />;
  if (begun.error) {
    return <ProblemNotice title={m.secondFactor.beginFailed} problem={asProblem(begun.error)} onRetry={() => void begun.refetch()} />;
  }
  const problem = confirm.error ? asProblem(confirm.error) : null;
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    confirm.mutate();
  };
  return (
    <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
      <p>{m.secondFactor.scan}</p>
      <div className={styles.qr}>
        <QrCode text={begun.data.uri} label={m.secondFactor.qrLabel} />
      </div>
      <div>
        <p className={styles.note}>{m.secondFactor.orType}</p>
        <CopyField value={spaced(begun.data.secret)} label={m.secondFactor.secret} />
      </div>
      {problem && !problem.field("code") && <ProblemNotice title={m.secondFactor.confirmFailed} problem={problem} />}
      <TextField
        label={m.secondFactor.code}
        hint={m.secondFactor.codeHint}
        error={problem?.field("code")}
        inputMode="numeric"
        autoComplete="one-time-code"
        maxLength={12}
        value={code}
        onChange={(event) => setCode(event.target.value)}
      />
      <div className={listStyles.actions}>
        <Button type="submit" variant="primary" disabled={confirm.isPending || code.trim() === ""}>
          {m.secondFactor.turnOn}
        </Button>
      </div>
    </form>
  );
}

/** Shown once: whoever goes on has kept them. */
export function RecoveryCodeList({ codes, onDone }: { codes: string[]; onDone: () => void }) {
  const file = `data:text/plain;charset=utf-8,${encodeURIComponent(`${m.secondFactor.fileHead}\n\n${codes.join("\n")}\n`)}`;
  return (
    <div className={styles.codes}>
      <h2>{m.secondFactor.codesTitle}</h2>
      <p>{m.secondFactor.codesText}</p>
      <ul className={styles.list}>
        {codes.map((each) => (
          <li key={each}>
            <code>{each}</code>
          </li>
        ))}
      </ul>
      <CopyField value={codes.join(" ")} label={m.secondFactor.codesTitle} />
      <div className={listStyles.actions}>
        <a href={file} download="postroom-recovery-codes.txt">
          {m.secondFactor.download}
        </a>
        <Button variant="primary" onClick={onDone}>
          {m.secondFactor.kept}
        </Button>
      </div>
    </div>
  );
}
