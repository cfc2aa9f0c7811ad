/** The sign-in page: with email and password, by the one-time link the server prints (`/sign-in?token=…`), or with an identity provider. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { useLocation, useSearch } from "wouter";
import { session as sessionApi } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem, Problem } from "../api/problem";
import type { CodeNeeded, Session } from "../api/types";
import { m } from "../i18n";
import { usePageTitle } from "../shell/usePageTitle";
import { Button, buttonLook } from "../ui/Button";
import { formClass, TextField } from "../ui/Field";
import { Logo } from "../shell/Logo";
import { ProblemNotice } from "../ui/ProblemNotice";
import { Skeleton } from "../ui/bits";
import { speakWorkspaceLanguage } from "../settings/language";
import { CodeForm } from "./CodeForm";
import styles from "./SignIn.module.css";

export function SignIn({ expired }: { expired: boolean }) {
  usePageTitle(m.signIn.submit);
  const [location, navigate] = useLocation();
  const search = new URLSearchParams(useSearch());
  const token = search.get("token");
  // Whoever was invited chooses a password first: the link does not work again.
  const home = search.has("welcome") ? "/profile?welcome=true" : "/conversations";
  const client = useQueryClient();
  const tried = useRef<string | null>(null);

  const [codeNeeded, setCodeNeeded] = useState<CodeNeeded | null>(null);
  const enter = (session: Session) => {
    // Whoever was signed in before may have been somebody else, of another workspace.
    client.removeQueries({ predicate: (query) => query.queryKey[0] !== keys.session[0] });
    client.setQueryData(keys.session, session);
    if (location === "/sign-in") navigate(home, { replace: true });
    speakWorkspaceLanguage(session.workspace.language ?? null);
  };
  const signIn = useMutation({
    mutationFn: sessionApi.create,
    onSuccess: (answer) => ("token" in answer ? setCodeNeeded(answer) : enter(answer)),
  });
  // Nobody waits for it: the form is there meanwhile.
  const providers = useQuery({ queryKey: ["sign-in-providers"], queryFn: ({ signal }) => sessionApi.providers(signal), retry: false });
  const refusal = search.get("refused");
  const { mutate } = signIn;

  useEffect(() => {
    // A link works once: React's double effects in development must not use it up twice.
    if (!token || tried.current === token) return;
    tried.current = token;
    mutate({ token });
  }, [token, mutate]);

  const onSubmit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    mutate({ email: String(form.get("email")), password: String(form.get("password")) });
  };

  if (codeNeeded) {
    return (
      <main className={styles.page}>
        <div className={styles.card}>
          <CodeForm
            token={codeNeeded.token}
            onSignedIn={enter}
            onBegin={() => {
              setCodeNeeded(null);
              signIn.reset();
              if (token) navigate("/sign-in", { replace: true });
            }}
          />
        </div>
      </main>
    );
  }

  const byLink = signIn.variables && "token" in signIn.variables;
  if (token && (signIn.isPending || signIn.isIdle || signIn.isSuccess)) {
    return (
      <main className={styles.page}>
        <div className={styles.card} role="status">
          <p>{m.signIn.withLink}</p>
          <Skeleton height={6} />
        </div>
      </main>
    );
  }

  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <div className={styles.brand}>
          <Logo size={40} />
          <div>
            <h1>{m.signIn.title}</h1>
            <p>{m.signIn.lead}</p>
          </div>
        </div>
        {expired && !signIn.error && (
          <p role="status" className={styles.expired}>
            {m.signIn.expired}
          </p>
        )}
        {refusal && !signIn.error && <ProblemNotice title={m.signIn.providerFailed} problem={new Problem(401, { detail: m.signIn.refusals[refusal] ?? m.signIn.refusals.provider })} />}
        {signIn.error && (
          <ProblemNotice
            title={byLink ? m.signIn.linkFailed : m.signIn.failed}
            problem={asProblem(signIn.error)}
            advice={byLink ? m.signIn.linkAdvice : asProblem(signIn.error).status === 401 ? m.signIn.failedAdvice : undefined}
          />
        )}
        <form className={formClass} onSubmit={onSubmit}>
          <TextField label={m.signIn.email} name="email" type="email" autoComplete="username" required autoFocus />
          <TextField label={m.signIn.password} name="password" type="password" autoComplete="current-password" required />
          <div className={styles.submit}>
            <Button type="submit" variant="primary" disabled={signIn.isPending}>
              {signIn.isPending ? m.signIn.working : m.signIn.submit}
            </Button>
          </div>
        </form>
        {(providers.data?.items.length ?? 0) > 0 && (
          <div className={styles.providers}>
            <span className={styles.or}>{m.signIn.or}</span>
            {providers.data?.items.map(({ id, name }) => (
              <a key={id} className={buttonLook({})} href={`/sign-in/provider/${id}`}>
                {m.signIn.continueWith(name)}
              </a>
            ))}
          </div>
        )}
        <p className={styles.hint}>{m.signIn.hint}</p>
      </div>
    </main>
  );
}
