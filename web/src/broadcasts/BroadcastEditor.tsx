/** What a broadcast is made of: whom it comes from and goes to, what it says, and when. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { broadcasts } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Broadcast } from "../api/types";
import { useIdempotencyKey } from "../composer/useIdempotencyKey";
import { useUseCases } from "../domains/queries";
import { toLocalInput } from "../format/time";
import { m } from "../i18n";
import { leaveFreely } from "../shell/leaving";
import { Page, Section } from "../shell/Page";
import { UnsavedDialog } from "../shell/UnsavedDialog";
import { Button } from "../ui/Button";
import { Choice, FieldGroup, formClass, rowClass, SelectField, TextArea, TextField } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import { Segments } from "../ui/Segments";
import { toast } from "../ui/toast";
import { useFirstError } from "../ui/useFirstError";
import styles from "./broadcasts.module.css";
import { bodyOf, changeOf, complaintsOf, type BroadcastForm, type Complaints } from "./form";
import { Look } from "./Look";
import { useKeepBroadcast, useLists, useTemplates } from "./queries";
import { SendDialog } from "./SendDialog";

type EditorProps = {
  title: string;
  up: { href: string; label: string };
  begun: BroadcastForm;
  /** The one that is changed; none where one is made. */
  existing?: Broadcast;
};

export function BroadcastEditor({ title, up, begun, existing }: EditorProps) {
  const [form, setForm] = useState(begun);
  const [complaints, setComplaints] = useState<Complaints>({});
  const [asking, setAsking] = useState(false);
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const keep = useKeepBroadcast();
  const idempotencyKey = useIdempotencyKey();
  const list = useLists().data?.find((each) => each.id === form.listId);

  // Asked again after a failure, the same broadcast is found by its key and not made twice.
  const save = () => {
    if (existing) return broadcasts.change(existing.id, changeOf(form));
    const body = bodyOf(form);
    return broadcasts.create(body, idempotencyKey(body));
  };
  const done = (broadcast: Broadcast) => {
    keep(broadcast);
    void client.invalidateQueries({ queryKey: keys.broadcasts });
    leaveFreely(() => navigate(`/broadcasts/${broadcast.id}`));
  };
  const draft = useMutation({
    mutationFn: save,
    onSuccess: (broadcast) => {
      toast(existing ? m.broadcasts.changesSaved : m.broadcasts.draftSaved);
      done(broadcast);
    },
  });
  const formRef = useFirstError(complaints, draft.error);
  /** Runs `next` where nothing is missing. */
  const check = (next: () => void) => {
    const found = complaintsOf(form, Date.now());
    setComplaints(found);
    if (Object.keys(found).length === 0) next();
  };
  const problem = draft.error ? asProblem(draft.error) : null;
  return (
    <Page title={title} up={up}>
      <form
        ref={formRef}
        className={formClass}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          check(() => setAsking(true));
        }}
      >
        {problem && <ProblemNotice title={existing ? m.broadcasts.changeFailed : m.broadcasts.createFailed} problem={problem} />}
        <Fields form={form} complaints={complaints} onChange={(change) => setForm({ ...form, ...change })} />
        <div className={styles.submit}>
          {existing?.status !== "scheduled" && (
            <Button type="submit" variant="primary" icon="send">
              {form.when === "later" ? m.broadcasts.schedule : m.broadcasts.sendNow}
            </Button>
          )}
          <Button
            variant={existing?.status === "scheduled" ? "primary" : undefined}
            disabled={draft.isPending}
            onClick={() => check(() => draft.mutate())}
          >
            {existing ? m.broadcasts.saveChanges : m.broadcasts.saveDraft}
          </Button>
        </div>
      </form>
      <Section title={m.broadcasts.preview}>
        <Look form={form} />
      </Section>
      <UnsavedDialog unsaved={form !== begun} />
      {asking && (
        <SendDialog
          list={list}
          scheduledAt={bodyOf(form).scheduledAt ?? null}
          send={async () => broadcasts.act((await save()).id, "send")}
          onSent={done}
          onClose={() => setAsking(false)}
        />
      )}
    </Page>
  );
}

type FieldsProps = { form: BroadcastForm; complaints: Complaints; onChange: (change: Partial<BroadcastForm>) => void };

function Fields({ form, complaints, onChange }: FieldsProps) {
  const [askedCases, askedLists, askedTemplates] = [useUseCases(), useLists(), useTemplates()];
  const [cases, all] = [askedCases.data, askedLists.data];
  const failed = [askedCases, askedLists, askedTemplates].filter((each) => each.isError && !each.data);
  const field = (name: "name" | "useCaseId" | "listId" | "at" | "tags") => ({
    error: complaints[name],
    value: form[name],
    onChange: (event: { target: { value: string } }) => onChange({ [name]: event.target.value }),
  });
  return (
    <>
      {failed[0] && (
        <ProblemNotice
          title={m.broadcasts.choicesFailed}
          problem={asProblem(failed[0].error)}
          onRetry={() => failed.forEach((each) => void each.refetch())}
        />
      )}
      <TextField label={m.broadcasts.name} hint={m.broadcasts.nameHint} autoComplete="off" {...field("name")} />
      <div className={rowClass}>
        <SelectField label={m.broadcasts.useCase} hint={cases?.length === 0 ? m.broadcasts.noUseCases : m.broadcasts.useCaseHint} {...field("useCaseId")}>
          <option value="">{m.broadcasts.choose}</option>
          {cases?.map((each) => (
            <option key={each.id} value={each.id}>
              {each.name} · {each.senderAddress}
            </option>
          ))}
        </SelectField>
        <SelectField label={m.broadcasts.list} hint={all?.length === 0 ? m.broadcasts.noLists : undefined} {...field("listId")}>
          <option value="">{m.broadcasts.choose}</option>
          {all?.map((each) => (
            <option key={each.id} value={each.id}>
              {each.name} · {m.lists.members(each.memberCount)}
            </option>
          ))}
        </SelectField>
      </div>
      <ContentFields form={form} complaints={complaints} onChange={onChange} />
      <FieldGroup legend={m.broadcasts.tracking}>
        <Choice label={m.broadcasts.trackOpens} checked={form.opens} onChange={(event) => onChange({ opens: event.target.checked })} />
        <Choice label={m.broadcasts.trackClicks} checked={form.clicks} onChange={(event) => onChange({ clicks: event.target.checked })} />
      </FieldGroup>
      <TextField label={m.broadcasts.tags} optional autoComplete="off" spellCheck={false} {...field("tags")} />
      <FieldGroup legend={m.broadcasts.when}>
        <div className={styles.group}>
          <Segments
            className={styles.choice}
            label={m.broadcasts.when}
            options={(["now", "later"] as const).map((value) => ({ value, name: m.broadcasts.whens[value] }))}
            value={form.when}
            onChange={(when) => onChange({ when })}
          />
          {form.when === "later" && (
            <TextField label={m.broadcasts.at} type="datetime-local" min={toLocalInput(new Date())} {...field("at")} />
          )}
        </div>
      </FieldGroup>
    </>
  );
}

function ContentFields({ form, complaints, onChange }: FieldsProps) {
  const templates = useTemplates().data;
  const field = (name: "templateId" | "subject" | "html" | "text") => ({
    error: complaints[name],
    value: form[name],
    onChange: (event: { target: { value: string } }) => onChange({ [name]: event.target.value }),
  });
  return (
    <FieldGroup legend={m.broadcasts.content}>
      <div className={styles.group}>
        <Segments
          className={styles.choice}
          label={m.broadcasts.content}
          options={(["template", "own"] as const).map((value) => ({ value, name: m.broadcasts.contents[value] }))}
          value={form.content}
          onChange={(content) => onChange({ content })}
        />
        {form.content === "template" ? (
          <SelectField label={m.broadcasts.template} hint={templates?.length === 0 ? m.broadcasts.noTemplates : undefined} {...field("templateId")}>
            <option value="">{m.broadcasts.choose}</option>
            {templates?.map((each) => (
              <option key={each.id} value={each.id}>
                {each.name}
              </option>
            ))}
          </SelectField>
        ) : (
          <>
            <TextField label={m.broadcasts.subject} hint={m.broadcasts.filledIn} {...field("subject")} />
            <div className={styles.source}>
              <TextArea label={m.broadcasts.html} rows={10} spellCheck={false} {...field("html")} />
            </div>
            <TextArea label={m.broadcasts.text} hint={m.broadcasts.textHint} optional rows={4} {...field("text")} />
          </>
        )}
      </div>
    </FieldGroup>
  );
}
