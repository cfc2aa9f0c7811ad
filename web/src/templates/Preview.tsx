/** What a saved template comes to with some variables: shown without scripts, and sent once as a test. */

import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { templates } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Template } from "../api/types";
import { useIdempotencyKey } from "../composer/useIdempotencyKey";
import { useChannels } from "../conversations/queries";
import { looksLikeAddress } from "../format/address";
import { m } from "../i18n";
import { useSession } from "../session/useSession";
import { Skeleton } from "../ui/bits";
import { Button } from "../ui/Button";
import { Dialog, DialogActions } from "../ui/Dialog";
import { formClass, SelectField, TextArea, TextField } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast } from "../ui/toast";
import { useFirstError } from "../ui/useFirstError";
import { MailPreview, WidthChoice } from "./MailPreview";
import { readVariables, type Variables } from "./variables";
import styles from "./templates.module.css";

export function Preview({ template }: { template: Template }) {
  const [typed, setTyped] = useState("{}");
  const [isNarrow, setNarrow] = useState(false);
  const [testing, setTesting] = useState(false);
  const read = readVariables(typed);
  // While what is typed is no JSON, the last preview stays.
  const [variables, setVariables] = useState<Variables>({});
  const preview = useQuery({
    queryKey: keys.templatePreview(template.id, template.version, variables),
    queryFn: () => templates.preview(template.id, variables),
    placeholderData: keepPreviousData,
  });
  const shown = preview.data;
  return (
    <div className={styles.preview}>
      <div className={styles.source}>
        <TextArea
          label={m.templates.variables}
          hint={m.templates.variablesHint}
          error={read === null ? m.templates.variablesWrong : null}
          rows={3}
          spellCheck={false}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            const next = readVariables(event.target.value);
            if (next) setVariables(next);
          }}
        />
      </div>
      <div className={styles.bar}>
        <WidthChoice isNarrow={isNarrow} onChange={setNarrow} />
        <Button icon="send" disabled={read === null} onClick={() => setTesting(true)}>
          {m.templates.test}
        </Button>
      </div>
      {preview.isError && <ProblemNotice title={m.templates.previewFailed} problem={asProblem(preview.error)} />}
      {preview.isPending && <Skeleton height={360} />}
      {shown && shown.missing.length > 0 && (
        <div className={styles.missing} role="status">
          <p>{m.templates.missing}</p>
          <ul>
            {shown.missing.map((fault) => (
              <li key={`${fault.variable} ${fault.detail}`}>
                <code>{fault.variable}</code> {fault.detail}
              </li>
            ))}
          </ul>
        </div>
      )}
      {shown && <MailPreview isNarrow={isNarrow} subject={shown.subject} html={shown.html} text={shown.text} />}
      {testing && <TestDialog template={template} variables={variables} onClose={() => setTesting(false)} />}
    </div>
  );
}

type TestProps = { template: Template; variables: Variables; onClose: () => void };

function TestDialog({ template, variables, onClose }: TestProps) {
  const { user } = useSession();
  const channels = useChannels().data ?? [];
  const [to, setTo] = useState(user.email);
  const [chosen, setChosen] = useState("");
  const channelId = chosen || channels[0]?.id || "";
  const [complaints, setComplaints] = useState<{ to?: string; channel?: string }>({});
  const idempotencyKey = useIdempotencyKey();
  const test = useMutation({
    mutationFn: () => {
      const body = { channelId, to: to.trim(), variables };
      return templates.test(template.id, body, idempotencyKey(body));
    },
    onSuccess: () => {
      toast(m.templates.testSent);
      onClose();
    },
  });
  const problem = test.error ? asProblem(test.error) : null;
  const formRef = useFirstError(complaints, test.error);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const found: typeof complaints = {};
    if (!looksLikeAddress(to.trim())) found.to = m.templates.testToMissing;
    if (!channelId) found.channel = m.templates.testChannelMissing;
    setComplaints(found);
    if (Object.keys(found).length === 0) test.mutate();
  };
  return (
    <Dialog title={m.templates.test} onClose={onClose}>
      <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
        <p>{m.templates.testText}</p>
        {problem && <ProblemNotice title={m.templates.testFailed} problem={problem} />}
        <TextField
          label={m.templates.testTo}
          type="email"
          error={complaints.to ?? problem?.field("to")}
          value={to}
          onChange={(event) => setTo(event.target.value)}
        />
        <SelectField
          label={m.templates.testChannel}
          error={complaints.channel ?? problem?.field("channelId")}
          value={channelId}
          onChange={(event) => setChosen(event.target.value)}
        >
          {channels.map((channel) => (
            <option key={channel.id} value={channel.id}>
              {channel.name}
            </option>
          ))}
        </SelectField>
        <DialogActions>
          <Button onClick={onClose}>{m.cancel}</Button>
          <Button type="submit" variant="primary" disabled={test.isPending}>
            {m.templates.send}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
