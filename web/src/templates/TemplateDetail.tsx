/** One template: its sources, what they come to, and what they were. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useLocation } from "wouter";
import { templates, type TemplateInput } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Template, TemplateContent, TemplateFormat } from "../api/types";
import { m } from "../i18n";
import { leaveFreely } from "../shell/leaving";
import { Page, Section } from "../shell/Page";
import { UnsavedDialog } from "../shell/UnsavedDialog";
import { Button } from "../ui/Button";
import { ConfirmDialog } from "../ui/Dialog";
import { formClass, rowClass, SelectField, TextArea, TextField } from "../ui/Field";
import { Gone } from "../ui/Gone";
import { ListSkeleton } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast } from "../ui/toast";
import { useFirstError } from "../ui/useFirstError";
import { Preview } from "./Preview";
import { Versions } from "./Versions";
import styles from "./templates.module.css";

const UP = { href: "/templates", label: m.templates.title };

export default function TemplateDetail({ id }: { id: string }) {
  const template = useQuery({ queryKey: keys.template(id), queryFn: ({ signal }) => templates.get(id, signal) });
  if (template.isPending) {
    return (
      <Page title={m.loading} up={UP}>
        <ListSkeleton rows={5} />
      </Page>
    );
  }
  if (template.isError && !template.data) {
    const problem = asProblem(template.error);
    if (problem.status === 404) return <Gone title={m.templates.notFound} back={{ href: UP.href, label: m.templates.back }} />;
    return (
      <Page title={m.templates.title} up={UP}>
        <ProblemNotice title={m.templates.oneFailed} problem={problem} onRetry={() => void template.refetch()} />
      </Page>
    );
  }
  return <Detail template={template.data} />;
}

type Form = { name: string; description: string; format: TemplateFormat } & Record<keyof TemplateContent, string>;

function contentForm(content: TemplateContent): Record<keyof TemplateContent, string> {
  return {
    subject: content.subject ?? "",
    previewText: content.previewText ?? "",
    html: content.html ?? "",
    text: content.text ?? "",
  };
}

function formOf(template: Template): Form {
  const { name, description, format, content } = template;
  return { name, description: description ?? "", format, ...contentForm(content) };
}

function bodyOf({ name, description, format, subject, previewText, html, text }: Form): TemplateInput {
  const content = { subject: subject || null, previewText: previewText || null, html: html || null, text: text || null };
  return { name: name.trim(), description: description.trim() || null, format, content };
}

function Detail({ template }: { template: Template }) {
  const [form, setForm] = useState<Form>(() => formOf(template));
  const [deleting, setDeleting] = useState(false);
  const [complaints, setComplaints] = useState<{ name?: string; html?: string }>({});
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: (body: TemplateInput) => templates.patch(template.id, body),
    onSuccess: (saved) => {
      client.setQueryData(keys.template(saved.id), saved);
      void client.invalidateQueries({ queryKey: keys.templates });
      toast(saved.version === template.version ? m.saved : m.templates.saved(saved.version));
    },
  });
  const problem = save.error ? asProblem(save.error) : null;
  const formRef = useFirstError(complaints, save.error);
  const isChanged = JSON.stringify(bodyOf(form)) !== JSON.stringify(bodyOf(formOf(template)));
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const found: typeof complaints = {};
    if (!form.name.trim()) found.name = m.templates.nameMissing;
    if (!form.html.trim() && !form.text.trim()) found.html = m.templates.bodyMissing;
    setComplaints(found);
    if (Object.keys(found).length === 0) save.mutate(bodyOf(form));
  };
  const source = (name: keyof Form, pointer: string, complaint?: string) => ({
    error: complaint ?? problem?.field(pointer),
    value: form[name],
    onChange: (event: { target: { value: string } }) => setForm({ ...form, [name]: event.target.value }),
  });
  return (
    <Page title={template.name} up={UP} lead={m.templates.version(template.version)}>
      <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
        {problem && <ProblemNotice title={m.templates.saveFailed} problem={problem} />}
        <div className={rowClass}>
          <TextField label={m.templates.name} spellCheck={false} {...source("name", "name", complaints.name)} />
          <SelectField label={m.templates.format} {...source("format", "format")}>
            {Object.entries(m.templates.formats).map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </SelectField>
        </div>
        <TextField label={m.templates.description} optional {...source("description", "description")} />
        <TextField label={m.templates.subject} {...source("subject", "content/subject")} />
        <TextField
          label={m.templates.previewText}
          hint={m.templates.previewTextHint}
          optional
          {...source("previewText", "content/previewText")}
        />
        <div className={styles.source}>
          <TextArea label={m.templates.html} rows={14} spellCheck={false} {...source("html", "content/html", complaints.html)} />
        </div>
        <div className={styles.source}>
          <TextArea label={m.templates.text} hint={m.templates.textHint} rows={5} optional {...source("text", "content/text")} />
        </div>
        <div className={styles.bar}>
          <Button type="submit" variant="primary" disabled={save.isPending || !isChanged}>
            {save.isPending ? m.templates.saving : m.save}
          </Button>
          <span className="muted small" role="status">
            {isChanged ? m.templates.unsaved : ""}
          </span>
        </div>
      </form>
      <Section title={m.templates.preview}>
        <Preview template={template} />
      </Section>
      <Section title={m.templates.versions}>
        <Versions
          template={template}
          onRestore={({ number, format, content }) => {
            setForm({ ...form, format, ...contentForm(content) });
            toast(m.templates.restored(number));
          }}
        />
      </Section>
      <div className={styles.foot}>
        <Button small icon="trash" onClick={() => setDeleting(true)}>
          {m.templates.delete}
        </Button>
      </div>
      <UnsavedDialog unsaved={isChanged} />
      {deleting && <DeleteDialog template={template} onClose={() => setDeleting(false)} />}
    </Page>
  );
}

function DeleteDialog({ template, onClose }: { template: Template; onClose: () => void }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const remove = useMutation({
    mutationFn: () => templates.remove(template.id),
    onSuccess: () => {
      toast(m.templates.deleted);
      leaveFreely(() => navigate("/templates"));
      client.removeQueries({ queryKey: keys.template(template.id) });
      void client.invalidateQueries({ queryKey: keys.templates });
    },
  });
  return (
    <ConfirmDialog
      title={m.templates.deleteTitle(template.name)}
      text={m.templates.deleteText}
      action={m.templates.delete}
      danger
      busy={remove.isPending}
      error={remove.error}
      errorTitle={m.templates.deleteFailed}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}
