/** The second step of a sign-in: a code of the authenticator app, or a recovery code. */

import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { session as sessionApi } from "../api/endpoints";
import { asProblem } from "../api/problem";
import type { Session } from "../api/types";
import { m } from "../i18n";
import { Button } from "../ui/Button";
import { formClass, TextField } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import styles from "./SignIn.module.css";

type Props = { token: string; onSignedIn: (session: Session) => void; onBegin: () => void };

export function CodeForm({ token, onSignedIn, onBegin }: Props) {
  const [code, setCode] = useState("");
  const step = useMutation({
    mutationFn: () => sessionApi.secondStep({ token, code: code.trim() }),
    onSuccess: onSignedIn,
  });
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    step.mutate();
  };
  return (
    <>
      <div className={styles.code}>
        <h1>{m.signIn.codeTitle}</h1>
        <p>{m.signIn.codeLead}</p>
      </div>
      {step.error && <ProblemNotice title={m.signIn.codeFailed} problem={asProblem(step.error)} />}
      <form className={formClass} onSubmit={onSubmit}>
        <TextField
          label={m.signIn.code}
          hint={m.signIn.codeHint}
          name="code"
          autoComplete="one-time-code"
          autoCapitalize="none"
          spellCheck={false}
          required
          autoFocus
          value={code}
          onChange={(event) => setCode(event.target.value)}
        />
        <div className={styles.submit}>
          <Button type="submit" variant="primary" disabled={step.isPending}>
            {step.isPending ? m.signIn.working : m.signIn.submit}
          </Button>
        </div>
      </form>
      <div className={styles.other}>
        <Button variant="ghost" onClick={onBegin}>
          {m.signIn.beginAgain}
        </Button>
      </div>
    </>
  );
}
