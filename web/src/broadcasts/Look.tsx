/** What a broadcast that is being written comes to: shown here, and sent once as a test. */

import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { broadcasts, templates, type TestMessageInput } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import { useIdempotencyKey } from "../composer/useIdempotencyKey";
import { looksLikeAddress } from "../format/address";
import { m } from "../i18n";
import { useSession } from "../session/useSession";
import { MailPreview, WidthChoice } from "../templates/MailPreview";
import { Skeleton } from "../ui/bits";
import { Button } from "../ui/Button";
import { Dialog, DialogActions } from "../ui/Dialog";
import { formClass, TextField } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast } from "../ui/toast";
import { useFirstError } from "../ui/useFirstError";
import styles from "./broadcasts.module.css";
import { contentComplaints, testOf, type BroadcastForm } from "./form";
import { useTemplates } from "./queries";

export function Look({ form }: { form: BroadcastForm }) {
  const [isNarrow, setNarrow] = useState(false);
  const [testing, setTesting] = useState(false);
  const mayTest = form.useCaseId !== "" && Object.keys(contentComplaints(form)).length === 0;
  return (
    <div className={styles.look}>
      <div className={styles.lookBar}>
        <WidthChoice isNarrow={isNarrow} onChange={setNarrow} />
        <Button icon="send" disabled={!mayTest} title={mayTest ? undefined : m.broadcasts.testNeeds} onClick={() => setTesting(true)}>
          {m.broadcasts.test}
        </Button>
      </div>
      <p className="muted small">{m.broadcasts.previewHint}</p>
      {form.content === "own" ? (
        <MailPreview isNarrow={isNarrow} subject={form.subject} html={form.html} text={form.text} />
      ) : (
        form.templateId && <OfTemplate id={form.templateId} isNarrow={isNarrow} />
      )}
      {testing && <TestDialog form={form} onClose={() => setTesting(false)} />}
    </div>
  );
}

function OfTemplate({ id, isNarrow }: { id: string; isNarrow: boolean }) {
  const version = useTemplates().data?.find((each) => each.id === id)?.version ?? 0;
  const preview = useQuery({
    queryKey: keys.templatePreview(id, version, {}),
    queryFn: () => templates.preview(id, {}),
    placeholderData: keepPreviousData,
  });
  if (preview.isError) return <ProblemNotice title={m.templates.previewFailed} problem={asProblem(preview.error)} />;
  if (!preview.data) return <Skeleton height={360} />;
  return <MailPreview isNarrow={isNarrow} {...preview.data} />;
}

function TestDialog({ form, onClose }: { form: BroadcastForm; onClose: () => void }) {
  const { user } = useSession();
  const [to, setTo] = useState(user.email);
  const [complaint, setComplaint] = useState<string | null>(null);
  const idempotencyKey = useIdempotencyKey();
  const test = useMutation({
    mutationFn: (body: TestMessageInput) => broadcasts.test(body, idempotencyKey(body)),
    onSuccess: () => {
      toast(m.broadcasts.testSent);
      onClose();
    },
  });
  const problem = test.error ? asProblem(test.error) : null;
  const formRef = useFirstError(complaint, test.error);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const wrong = !looksLikeAddress(to.trim());
    setComplaint(wrong ? m.templates.testToMissing : null);
    if (!wrong) test.mutate(testOf(form, to));
  };
  return (
    <Dialog title={m.broadcasts.test} onClose={onClose}>
      <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
        <p>{m.broadcasts.testText}</p>
        {problem && <ProblemNotice title={m.broadcasts.testFailed} problem={problem} />}
        <TextField
          label={m.broadcasts.testTo}
          type="email"
          error={complaint ?? problem?.field("to")}
          value={to}
          onChange={(event) => setTo(event.target.value)}
        />
        <DialogActions>
          <Button onClick={onClose}>{m.cancel}</Button>
          <Button type="submit" variant="primary" disabled={test.isPending}>
            {m.broadcasts.sendTest}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
