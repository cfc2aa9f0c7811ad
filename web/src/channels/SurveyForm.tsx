/** Whether a channel asks how its answers were. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { surveys } from "../api/contacts";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { SurveySettings } from "../api/types";
import { m } from "../i18n";
import { Card } from "../shell/Page";
import { UnsavedDialog } from "../shell/UnsavedDialog";
import { Skeleton } from "../ui/bits";
import { Button } from "../ui/Button";
import { Choice, formClass, rowClass, TextArea, TextField } from "../ui/Field";
import { listStyles } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast } from "../ui/toast";
import { useFirstError } from "../ui/useFirstError";

export function SurveyForm({ channelId }: { channelId: string }) {
  const settings = useQuery({ queryKey: keys.survey(channelId), queryFn: ({ signal }) => surveys.get(channelId, signal) });
  if (settings.data) {
    return (
      <Card>
        <Form channelId={channelId} settings={settings.data} />
      </Card>
    );
  }
  if (settings.isPending) return <Skeleton height={60} />;
  return <ProblemNotice title={m.ratings.surveyFailed} problem={asProblem(settings.error)} onRetry={() => void settings.refetch()} />;
}

type Typed = { enabled: boolean; delayHours: string; contactDays: string; text: string };

function typedOf({ enabled, delayHours, contactDays, text }: SurveySettings): Typed {
  return { enabled, delayHours: String(delayHours), contactDays: String(contactDays), text: text ?? "" };
}

function Form({ channelId, settings }: { channelId: string; settings: SurveySettings }) {
  const [saved, setSaved] = useState(() => typedOf(settings));
  const [form, setForm] = useState(saved);
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: () =>
      surveys.put(channelId, {
        enabled: form.enabled,
        delayHours: Number(form.delayHours),
        contactDays: Number(form.contactDays),
        text: form.text.trim() || null,
      }),
    onSuccess: (kept) => {
      client.setQueryData(keys.survey(channelId), kept);
      setSaved(typedOf(kept));
      setForm(typedOf(kept));
      toast(m.saved);
    },
  });
  const problem = save.error ? asProblem(save.error) : null;
  const formRef = useFirstError({}, save.error);
  const changed = JSON.stringify(form) !== JSON.stringify(saved);
  const set = (change: Partial<Typed>) => setForm({ ...form, ...change });
  return (
    <form
      ref={formRef}
      className={formClass}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      {problem && <ProblemNotice title={m.ratings.saveFailed} problem={problem} />}
      <p className="muted">{m.ratings.surveyText}</p>
      <Choice label={m.ratings.enabled} checked={form.enabled} onChange={(event) => set({ enabled: event.target.checked })} />
      {form.enabled && (
        <>
          <div className={rowClass}>
            <TextField label={m.ratings.delayHours} type="number" min={0} error={problem?.field("delayHours")} value={form.delayHours} onChange={(event) => set({ delayHours: event.target.value })} />
            <TextField label={m.ratings.contactDays} type="number" min={1} error={problem?.field("contactDays")} value={form.contactDays} onChange={(event) => set({ contactDays: event.target.value })} />
          </div>
          <TextArea label={m.ratings.text} hint={m.ratings.textHint} optional rows={3} error={problem?.field("text")} value={form.text} onChange={(event) => set({ text: event.target.value })} />
        </>
      )}
      <div className={listStyles.actions}>
        <Button type="submit" variant="primary" disabled={save.isPending || !changed}>
          {m.ratings.save}
        </Button>
      </div>
      <UnsavedDialog unsaved={changed} />
    </form>
  );
}
