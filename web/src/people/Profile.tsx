/** One's own profile: name, signature, availability, password. Whoever comes in by an invitation is led here first. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useLocation, useSearch } from "wouter";
import { users } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { UserChange } from "../api/types";
import { useTeams } from "../conversations/queries";
import { m } from "../i18n";
import { useSession } from "../session/useSession";
import { Card, Page, Section } from "../shell/Page";
import { UnsavedDialog } from "../shell/UnsavedDialog";
import { Badge } from "../ui/bits";
import { Button } from "../ui/Button";
import { Choice, formClass, TextArea, TextField } from "../ui/Field";
import { listStyles } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast } from "../ui/toast";
import { useFirstError } from "../ui/useFirstError";
import { storeUser, useChangeMe } from "./changes";
import { SecondFactor } from "./SecondFactor";
import { Sessions } from "./Sessions";
import styles from "./people.module.css";

/** As the server has it. */
const PASSWORD_CHARS_MIN = 8;

export default function Profile() {
  const welcome = new URLSearchParams(useSearch()).has("welcome");
  const { workspace } = useSession();
  const password = (
    <Section title={m.profile.password}>
      <Card>
        <PasswordForm welcome={welcome} />
      </Card>
    </Section>
  );
  return (
    <Page title={m.profile.title} narrow>
      {welcome && (
        <div className={styles.welcome} role="status">
          <h2>{m.profile.welcomeTitle(workspace.name)}</h2>
          <p>{m.profile.welcomeText}</p>
        </div>
      )}
      {welcome && password}
      <Section title={m.profile.about}>
        <Card>
          <NameForm />
        </Card>
      </Section>
      <Section title={m.composer.signature}>
        <Card>
          <SignatureForm />
        </Card>
      </Section>
      <Section title={m.profile.availability}>
        <Card>
          <Availability />
        </Card>
      </Section>
      {!welcome && password}
      <Section title={m.secondFactor.title}>
        <Card>
          <SecondFactor />
        </Card>
      </Section>
      <Section title={m.sessions.title}>
        <Sessions />
      </Section>
      <Section title={m.profile.teams}>
        <MyTeams />
      </Section>
    </Page>
  );
}

function NameForm() {
  const { user } = useSession();
  const client = useQueryClient();
  const [name, setName] = useState(user.name ?? "");
  const save = useMutation({
    mutationFn: (wanted: string) => users.patchMe({ name: wanted || null }),
    onSuccess: (changed) => {
      storeUser(client, changed);
      toast(m.profile.saved);
    },
  });
  const formRef = useFirstError(save.error);
  const problem = save.error ? asProblem(save.error) : null;
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(name.trim());
  };
  return (
    <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
      {problem && <ProblemNotice title={m.profile.saveFailed} problem={problem} />}
      <TextField label={m.profile.email} value={user.email} readOnly />
      <TextField
        label={m.profile.name}
        hint={m.profile.nameHint}
        error={problem?.field("name")}
        value={name}
        autoComplete="name"
        onChange={(event) => setName(event.target.value)}
      />
      <div className={listStyles.actions}>
        <Button type="submit" variant="primary" disabled={save.isPending || name.trim() === (user.name ?? "")}>
          {m.profile.save}
        </Button>
      </div>
    </form>
  );
}

function SignatureForm() {
  const { user } = useSession();
  const client = useQueryClient();
  const kept = user.signature.text ?? "";
  const [text, setText] = useState(kept);
  const save = useMutation({
    mutationFn: (wanted: string) => users.patchMe({ signature: wanted.trim() ? { text: wanted } : {} }),
    onSuccess: (changed) => {
      storeUser(client, changed);
      toast(m.profile.signatureSaved);
    },
  });
  const formRef = useFirstError(save.error);
  const problem = save.error ? asProblem(save.error) : null;
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(text);
  };
  return (
    <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
      {problem && <ProblemNotice title={m.profile.signatureFailed} problem={problem} />}
      <TextArea
        label={m.profile.signature}
        hint={m.profile.signatureHint}
        error={problem?.field("signature/text")}
        optional
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <div className={listStyles.actions}>
        <Button type="submit" variant="primary" disabled={save.isPending || text === kept}>
          {m.profile.saveSignature}
        </Button>
      </div>
      <UnsavedDialog unsaved={text !== kept} />
    </form>
  );
}

function Availability() {
  const { user } = useSession();
  const change = useChangeMe();
  return (
    <Choice
      label={m.profile.available}
      hint={m.profile.availableHint}
      checked={user.available}
      disabled={change.isPending}
      onChange={(event) => change.mutate({ available: event.target.checked })}
    />
  );
}

function PasswordForm({ welcome }: { welcome: boolean }) {
  const { user, needsCurrentPassword } = useSession();
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [complaint, setComplaint] = useState<string | null>(null);
  const save = useMutation({
    mutationFn: (wanted: UserChange) => users.patchMe(wanted),
    onSuccess: () => {
      // It ended every other session, and whoever had none has one now.
      void client.invalidateQueries({ queryKey: keys.ownSessions });
      void client.invalidateQueries({ queryKey: keys.session });
      setCurrent("");
      setPassword("");
      toast(welcome ? m.profile.welcomeDone : m.profile.passwordSet);
      if (welcome) navigate("/conversations", { replace: true });
    },
  });
  const formRef = useFirstError(complaint, save.error);
  const problem = save.error ? asProblem(save.error) : null;
  // A session by a link is not asked at first, and is when it has stood for a while.
  const asked = needsCurrentPassword || problem?.field("currentPassword") !== undefined;
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const long = [...password].length >= PASSWORD_CHARS_MIN;
    setComplaint(long ? null : m.profile.passwordShort(PASSWORD_CHARS_MIN));
    if (long) save.mutate(asked ? { password, currentPassword: current } : { password });
  };
  return (
    <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
      {problem && <ProblemNotice title={m.profile.passwordFailed} problem={problem} />}
      <input type="email" name="username" autoComplete="username" value={user.email} readOnly hidden />
      {asked && (
        <TextField
          label={m.profile.currentPassword}
          error={problem?.field("currentPassword")}
          type="password"
          autoComplete="current-password"
          value={current}
          onChange={(event) => setCurrent(event.target.value)}
        />
      )}
      <TextField
        label={m.profile.newPassword}
        hint={m.profile.passwordHint(PASSWORD_CHARS_MIN)}
        error={complaint ?? problem?.field("password")}
        type="password"
        autoComplete="new-password"
        value={password}
        autoFocus={welcome}
        onChange={(event) => setPassword(event.target.value)}
      />
      <div className={listStyles.actions}>
        <Button type="submit" variant="primary" disabled={save.isPending}>
          {m.profile.setPassword}
        </Button>
      </div>
    </form>
  );
}

function MyTeams() {
  const { user } = useSession();
  const mine = (useTeams().data ?? []).filter((team) => team.memberIds.includes(user.id));
  if (mine.length === 0) return <p className={styles.note}>{m.profile.noTeams}</p>;
  return (
    <div className={listStyles.badges}>
      {mine.map((team) => (
        <Badge key={team.id}>{team.name}</Badge>
      ))}
    </div>
  );
}
