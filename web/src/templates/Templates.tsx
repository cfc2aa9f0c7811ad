/** The list of templates, and the creation of one. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Link, useLocation } from "wouter";
import { templates, type TemplateInput } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import { useIdempotencyKey } from "../composer/useIdempotencyKey";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { ResourcePage } from "../shell/ResourcePage";
import { Badge } from "../ui/bits";
import { Button } from "../ui/Button";
import { Dialog, DialogActions } from "../ui/Dialog";
import { formClass, TextField } from "../ui/Field";
import { listStyles } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useFirstError } from "../ui/useFirstError";

export default function Templates() {
  const list = useQuery({ queryKey: keys.templates, queryFn: async ({ signal }) => (await templates.list(signal)).items });
  const [creating, setCreating] = useState(false);
  const create = (
    <Button variant="primary" icon="plus" onClick={() => setCreating(true)}>
      {m.templates.create}
    </Button>
  );
  return (
    <ResourcePage
      texts={m.templates}
      icon="file"
      query={list}
      create={create}
      row={(template) => (
        <Link href={`/templates/${template.id}`} className={listStyles.row ?? ""}>
          <span className={listStyles.main}>
            <strong>{template.name}</strong>
            {template.description && <span className={listStyles.sub}>{template.description}</span>}
            <span className={listStyles.sub}>
              {m.templates.version(template.version)} · {m.templates.changed(longTime(template.updatedAt))}
            </span>
          </span>
          <span className={listStyles.side}>
            <Badge>{m.templates.formats[template.format]}</Badge>
          </span>
        </Link>
      )}
    >
      {creating && <CreateTemplate onClose={() => setCreating(false)} />}
    </ResourcePage>
  );
}

function CreateTemplate({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [complaint, setComplaint] = useState<string | null>(null);
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const idempotencyKey = useIdempotencyKey();
  const create = useMutation({
    mutationFn: (body: TemplateInput) => templates.create(body, idempotencyKey(body)),
    onSuccess: (template) => {
      client.setQueryData(keys.template(template.id), template);
      void client.invalidateQueries({ queryKey: keys.templates, exact: true });
      onClose();
      navigate(`/templates/${template.id}`);
    },
  });
  const formRef = useFirstError(complaint, create.error);
  const problem = create.error ? asProblem(create.error) : null;
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    setComplaint(name.trim() ? null : m.templates.nameMissing);
    // Something to begin with: a template without content is none.
    const content = { subject: m.templates.starterSubject, html: m.templates.starter };
    if (name.trim()) create.mutate({ name: name.trim(), content });
  };
  return (
    <Dialog title={m.templates.create} onClose={onClose}>
      <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
        {problem && <ProblemNotice title={m.templates.createFailed} problem={problem} />}
        <TextField
          label={m.templates.name}
          hint={m.templates.nameHint}
          error={complaint ?? problem?.field("name")}
          value={name}
          autoComplete="off"
          spellCheck={false}
          autoFocus
          onChange={(event) => setName(event.target.value)}
        />
        <DialogActions>
          <Button onClick={onClose}>{m.cancel}</Button>
          <Button type="submit" variant="primary" disabled={create.isPending}>
            {create.isPending ? m.templates.creating : m.templates.createNow}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
