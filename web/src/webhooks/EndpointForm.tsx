/** A webhook endpoint's URL, events and format. */

import { useState, type FormEvent } from "react";
import type { WebhookInput } from "../api/endpoints";
import { asProblem } from "../api/problem";
import type { WebhookEndpoint } from "../api/types";
import { m } from "../i18n";
import { Button } from "../ui/Button";
import { DialogActions } from "../ui/Dialog";
import { Choice, FieldGroup, formClass, TextField } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useFirstError } from "../ui/useFirstError";
import styles from "./webhooks.module.css";

type Props = {
  endpoint?: WebhookEndpoint;
  action: string;
  busy: boolean;
  error: unknown;
  errorTitle: string;
  onSubmit: (input: WebhookInput) => void;
  onClose: () => void;
};

const NAMES = Object.entries(m.webhooks.eventNames);

export function EndpointForm({ endpoint, action, busy, error, errorTitle, onSubmit, onClose }: Props) {
  const [url, setUrl] = useState(endpoint?.url ?? "");
  const [all, setAll] = useState(endpoint ? endpoint.events.includes("*") : true);
  const [events, setEvents] = useState<string[]>(endpoint?.events.filter((event) => event !== "*") ?? []);
  const [complaints, setComplaints] = useState<{ url?: string; events?: string }>({});
  const problem = error == null ? null : asProblem(error);
  const formRef = useFirstError(complaints, error);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found: typeof complaints = {};
    if (!/^https?:\/\/./.test(url.trim())) found.url = m.webhooks.urlMissing;
    if (!all && events.length === 0) found.events = m.webhooks.noEvents;
    setComplaints(found);
    if (!found.url && !found.events) onSubmit({ url: url.trim(), events: all ? ["*"] : events });
  };
  // Families such as message.* stay as they were written elsewhere.
  const offered = [...NAMES, ...events.filter((each) => !(each in m.webhooks.eventNames)).map((each) => [each, ""] as [string, string])];

  return (
    <form ref={formRef} className={formClass} onSubmit={submit} noValidate>
      {problem && <ProblemNotice title={errorTitle} problem={problem} />}
      <TextField
        label={m.webhooks.url}
        hint={m.webhooks.urlHint}
        error={complaints.url ?? problem?.field("url")}
        type="url"
        value={url}
        spellCheck={false}
        autoFocus
        onChange={(event) => setUrl(event.target.value)}
      />
      <FieldGroup legend={m.webhooks.events} error={complaints.events ?? problem?.field("events")}>
        <Choice type="radio" name="which" label={m.webhooks.allEvents} checked={all} onChange={() => setAll(true)} />
        <Choice type="radio" name="which" label={m.webhooks.chosenEvents} checked={!all} onChange={() => setAll(false)} />
        {!all && (
          <div className={styles.events}>
            {offered.map(([name, words]) => (
              <Choice
                key={name}
                label={name}
                hint={words}
                checked={events.includes(name)}
                onChange={(event) =>
                  setEvents(event.target.checked ? [...events, name] : events.filter((each) => each !== name))
                }
              />
            ))}
          </div>
        )}
      </FieldGroup>
      <DialogActions>
        <Button onClick={onClose}>{m.cancel}</Button>
        <Button type="submit" variant="primary" disabled={busy}>
          {action}
        </Button>
      </DialogActions>
    </form>
  );
}
