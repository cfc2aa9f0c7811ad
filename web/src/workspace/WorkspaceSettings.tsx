/** The workspace's own settings: its name and zone, how people sign in, how long the audit log is kept. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { workspaces } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Workspace } from "../api/types";
import { LANGUAGES, m } from "../i18n";
import { useIsAdmin } from "../people/changes";
import { Card, Page, Section } from "../shell/Page";
import { UnsavedDialog } from "../shell/UnsavedDialog";
import { Button } from "../ui/Button";
import { Choice, formClass, SelectField, TextField } from "../ui/Field";
import { listStyles, ListSkeleton } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast } from "../ui/toast";
import { useFirstError } from "../ui/useFirstError";
import { IdentityProviderSection } from "./IdentityProvider";
import { SettingsTabs } from "./SettingsTabs";

export default function WorkspaceSettings() {
  const settings = useQuery({ queryKey: keys.workspace, queryFn: ({ signal }) => workspaces.get(signal) });
  const admin = useIsAdmin();
  return (
    <Page title={m.workspaceSettings.title} lead={admin ? m.workspaceSettings.lead : m.workspaceSettings.readOnly} narrow>
      <SettingsTabs />
      {settings.isPending && <ListSkeleton />}
      {settings.isError && settings.data === undefined && (
        <ProblemNotice title={m.workspaceSettings.failed} problem={asProblem(settings.error)} onRetry={() => void settings.refetch()} />
      )}
      {settings.data && <Editor settings={settings.data} />}
      {admin && settings.data && (
        <Section title={m.identityProvider.title}>
          <IdentityProviderSection />
        </Section>
      )}
    </Page>
  );
}

function Editor({ settings }: { settings: Workspace }) {
  const [saved, setSaved] = useState(settings);
  const [form, setForm] = useState(settings);
  const [complaint, setComplaint] = useState<string | null>(null);
  const admin = useIsAdmin();
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: ({ name, timeZone, language, secondFactorRequired, sessionSeconds, passwordSignIn, auditLogDays }: Workspace) =>
      workspaces.change({ name, timeZone, language: language ?? null, secondFactorRequired, sessionSeconds, passwordSignIn, auditLogDays }),
    onSuccess: (kept) => {
      toast(m.workspaceSettings.saved);
      client.setQueryData(keys.workspace, kept);
      setSaved(kept);
      setForm(kept);
      void client.invalidateQueries({ queryKey: keys.businessHours });
      // The name is in the navigation, and a second factor may be wanted of whoever asked for it.
      void client.invalidateQueries({ queryKey: keys.session });
    },
  });
  const problem = save.error ? asProblem(save.error) : null;
  const formRef = useFirstError(complaint, save.error);
  const set = (change: Partial<Workspace>) => setForm({ ...form, ...change });
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const missing = form.name.trim() === "";
    setComplaint(missing ? m.workspaceSettings.nameMissing : null);
    if (!missing) save.mutate(form);
  };
  const lengths = Object.keys(m.workspaceSettings.sessionLengths).map(Number);
  return (
    <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
      {problem && <ProblemNotice title={m.workspaceSettings.saveFailed} problem={problem} />}
      <Section title={m.workspaceSettings.about}>
        <Card>
          <div className={formClass}>
            <TextField
              label={m.workspaceSettings.name}
              error={complaint ?? problem?.field("name")}
              value={form.name}
              readOnly={!admin}
              onChange={(event) => set({ name: event.target.value })}
            />
            <TextField
              label={m.workspaceSettings.timeZone}
              hint={m.workspaceSettings.timeZoneHint}
              error={problem?.field("timeZone")}
              value={form.timeZone}
              list="workspace-time-zones"
              autoComplete="off"
              spellCheck={false}
              readOnly={!admin}
              onChange={(event) => set({ timeZone: event.target.value })}
            />
            <datalist id="workspace-time-zones">
              {Intl.supportedValuesOf("timeZone").map((zone) => (
                <option key={zone} value={zone} />
              ))}
            </datalist>
            <SelectField
              label={m.workspaceSettings.language}
              hint={m.workspaceSettings.languageHint}
              value={form.language ?? ""}
              disabled={!admin}
              onChange={(event) => set({ language: event.target.value || null })}
            >
              <option value="">{m.workspaceSettings.languageOfBrowser}</option>
              {Object.entries(LANGUAGES).map(([code, { name }]) => (
                <option key={code} value={code} lang={code}>
                  {name}
                </option>
              ))}
            </SelectField>
          </div>
        </Card>
      </Section>
      <Section title={m.workspaceSettings.signIn}>
        <Card>
          <div className={formClass}>
            <Choice
              label={m.workspaceSettings.secondFactor}
              hint={m.workspaceSettings.secondFactorHint}
              checked={form.secondFactorRequired}
              disabled={!admin}
              onChange={(event) => set({ secondFactorRequired: event.target.checked })}
            />
            <Choice
              label={m.workspaceSettings.password}
              hint={m.workspaceSettings.passwordHint}
              checked={form.passwordSignIn}
              disabled={!admin}
              onChange={(event) => set({ passwordSignIn: event.target.checked })}
            />
            <SelectField
              label={m.workspaceSettings.session}
              hint={m.workspaceSettings.sessionHint}
              error={problem?.field("sessionSeconds")}
              value={form.sessionSeconds}
              disabled={!admin}
              onChange={(event) => set({ sessionSeconds: Number(event.target.value) })}
            >
              {(lengths.includes(form.sessionSeconds) ? lengths : [...lengths, form.sessionSeconds]).map((seconds) => (
                <option key={seconds} value={seconds}>
                  {m.workspaceSettings.sessionLengths[seconds] ?? m.workspaceSettings.sessionSeconds(seconds)}
                </option>
              ))}
            </SelectField>
          </div>
        </Card>
      </Section>
      <Section title={m.workspaceSettings.audit}>
        <Card>
          <TextField
            label={m.workspaceSettings.auditDays}
            hint={m.workspaceSettings.auditDaysHint}
            error={problem?.field("auditLogDays")}
            type="number"
            min={30}
            max={3650}
            value={form.auditLogDays}
            readOnly={!admin}
            onChange={(event) => set({ auditLogDays: Number(event.target.value) })}
          />
        </Card>
      </Section>
      {admin && (
        <div className={listStyles.actions}>
          <Button type="submit" variant="primary" disabled={save.isPending || form === saved}>
            {m.workspaceSettings.save}
          </Button>
        </div>
      )}
      <UnsavedDialog unsaved={form !== saved} />
    </form>
  );
}
