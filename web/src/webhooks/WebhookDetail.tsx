/** One webhook endpoint: its settings, what was posted to it, and doing so again. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useLocation } from "wouter";
import { webhooks, type WebhookInput } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { WebhookEndpoint, WebhookReplay } from "../api/types";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { useIsAdmin } from "../people/changes";
import { Card, Page, Section } from "../shell/Page";
import { Breakable } from "../ui/bits";
import { Button } from "../ui/Button";
import { ConfirmDialog, Dialog, DialogActions } from "../ui/Dialog";
import { formClass, TextField } from "../ui/Field";
import { ListSkeleton, listStyles } from "../ui/list";
import { Gone } from "../ui/Gone";
import { ProblemNotice } from "../ui/ProblemNotice";
import { SecretDialog } from "../ui/SecretDialog";
import { toast, toastProblem } from "../ui/toast";
import { useFirstError } from "../ui/useFirstError";
import { Deliveries } from "./Deliveries";
import { EndpointForm } from "./EndpointForm";
import { EndpointBadge, eventsInWords } from "./Webhooks";

const REPLAY_POLL_MS = 2_000;
const UP = { href: "/webhooks", label: m.webhooks.title };

type Asking = "edit" | "delete" | "rotate" | { replayAfter: string } | null;

export default function WebhookDetail({ id }: { id: string }) {
  const endpoint = useQuery({
    queryKey: [...keys.webhooks, id],
    queryFn: ({ signal }) => webhooks.get(id, signal),
    // Nothing tells of a replay's progress.
    refetchInterval: (query) => (isReplaying(query.state.data) ? REPLAY_POLL_MS : false),
  });
  if (endpoint.isPending) {
    return (
      <Page title={m.loading} up={UP}>
        <ListSkeleton />
      </Page>
    );
  }
  if (endpoint.isError && !endpoint.data) {
    const problem = asProblem(endpoint.error);
    if (problem.status === 404) return <Gone title={m.webhooks.notFound} back={{ href: UP.href, label: m.webhooks.back }} />;
    return (
      <Page title={m.webhooks.title} up={UP}>
        <ProblemNotice title={m.webhooks.oneFailed} problem={problem} onRetry={() => void endpoint.refetch()} />
      </Page>
    );
  }
  return <Detail endpoint={endpoint.data} />;
}

function Detail({ endpoint }: { endpoint: WebhookEndpoint }) {
  const [asking, setAsking] = useState<Asking>(null);
  const admin = useIsAdmin();
  const client = useQueryClient();
  const close = () => setAsking(null);
  const test = useMutation({
    mutationFn: () => webhooks.test(endpoint.id),
    onSuccess: () => toast(m.webhooks.testSent),
    onError: (error) => toastProblem(m.webhooks.testFailed, error),
    onSettled: () => void client.invalidateQueries({ queryKey: keys.webhookDeliveries(endpoint.id) }),
  });
  const toggle = useChange(endpoint, (saved) => toast(saved.enabled ? m.webhooks.enabledToast : m.webhooks.disabledToast));

  return (
    <Page
      title={shortUrl(endpoint.url)}
      up={UP}
      lead={<EndpointBadge endpoint={endpoint} />}
      actions={
        admin && (
          <>
            <Button
              variant={endpoint.enabled ? "primary" : "default"}
              icon="bolt"
              disabled={test.isPending}
              onClick={() => test.mutate()}
            >
              {m.webhooks.test}
            </Button>
            {endpoint.enabled && (
              <Button icon="play" disabled={isReplaying(endpoint)} onClick={() => setAsking({ replayAfter: "" })}>
                {m.webhooks.replay}
              </Button>
            )}
            <Button
              variant={endpoint.enabled ? "default" : "primary"}
              disabled={toggle.isPending}
              onClick={() => toggle.mutate({ enabled: !endpoint.enabled })}
            >
              {endpoint.enabled ? m.webhooks.disable : m.webhooks.enable}
            </Button>
          </>
        )
      }
    >
      {toggle.error && <ProblemNotice title={m.webhooks.changeFailed} problem={asProblem(toggle.error)} />}
      <Card>
        <dl className={listStyles.facts}>
          <dt>{m.webhooks.url}</dt>
          <dd>
            <Breakable text={endpoint.url} />
          </dd>
          <dt>{m.webhooks.events}</dt>
          <dd>{eventsInWords(endpoint)}</dd>
          {endpoint.disabledReason && !endpoint.enabled && (
            <>
              <dt>{m.webhooks.disabled}</dt>
              <dd>{m.webhooks.disabledBecause(endpoint.disabledReason)}</dd>
            </>
          )}
          <dt>{m.webhooks.created}</dt>
          <dd>{longTime(endpoint.createdAt)}</dd>
          {endpoint.replay && (
            <>
              <dt>{m.webhooks.replay}</dt>
              <dd>
                <ReplayProgress endpoint={endpoint} replay={endpoint.replay} />
              </dd>
            </>
          )}
        </dl>
        {admin ? (
          <div className={listStyles.actions} style={{ marginTop: 16 }}>
            <Button small icon="edit" onClick={() => setAsking("edit")}>
              {m.edit}
            </Button>
            <Button small icon="key" onClick={() => setAsking("rotate")}>
              {m.webhooks.rotate}
            </Button>
            <Button small icon="trash" onClick={() => setAsking("delete")}>
              {m.webhooks.delete}
            </Button>
          </div>
        ) : (
          <p className="muted small">{m.webhooks.readOnly}</p>
        )}
      </Card>
      <Section title={m.webhooks.deliveries}>
        <Deliveries endpointId={endpoint.id} onReplay={(eventId) => setAsking({ replayAfter: eventId })} />
      </Section>
      {asking === "edit" && <EditDialog endpoint={endpoint} onClose={close} />}
      {asking === "rotate" && <RotateDialog endpoint={endpoint} onClose={close} />}
      {asking === "delete" && <DeleteDialog endpoint={endpoint} onClose={close} />}
      {asking && typeof asking === "object" && (
        <ReplayDialog endpoint={endpoint} after={asking.replayAfter} onClose={close} />
      )}
    </Page>
  );
}

/** What tells it apart, without its scheme and what is usually a long tail. */
function shortUrl(url: string): string {
  return url.replace(/^https?:\/\//, "").replace(/[?#].*$/, "");
}

function isReplaying(endpoint: WebhookEndpoint | undefined): boolean {
  return endpoint?.replay != null && endpoint.replay.finishedAt == null;
}

function ReplayProgress({ endpoint, replay }: { endpoint: WebhookEndpoint; replay: WebhookReplay }) {
  const client = useQueryClient();
  const stop = useMutation({
    mutationFn: () => webhooks.stopReplay(endpoint.id),
    onError: (error) => toastProblem(m.webhooks.replayStopFailed, error),
    onSettled: () => void client.invalidateQueries({ queryKey: [...keys.webhooks, endpoint.id] }),
  });
  if (replay.finishedAt) return m.webhooks.replayDone(replay.queued, longTime(replay.finishedAt));
  return (
    <span className={listStyles.actions}>
      {m.webhooks.replayGoes(replay.queued, replay.reachedAt ? longTime(replay.reachedAt) : null)}
      <Button small disabled={stop.isPending} onClick={() => stop.mutate()}>
        {m.webhooks.replayStop}
      </Button>
    </span>
  );
}

function useChange(endpoint: WebhookEndpoint, onDone: (saved: WebhookEndpoint) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: WebhookInput) => webhooks.patch(endpoint.id, input),
    onSuccess: (saved) => {
      client.setQueryData([...keys.webhooks, endpoint.id], saved);
      void client.invalidateQueries({ queryKey: keys.webhooks });
      onDone(saved);
    },
  });
}

type DialogProps = { endpoint: WebhookEndpoint; onClose: () => void };

function EditDialog({ endpoint, onClose }: DialogProps) {
  const change = useChange(endpoint, () => {
    toast(m.saved);
    onClose();
  });
  return (
    <Dialog title={m.edit} onClose={onClose} wide>
      <EndpointForm
        endpoint={endpoint}
        action={m.save}
        busy={change.isPending}
        error={change.error}
        errorTitle={m.webhooks.changeFailed}
        onSubmit={(input) => change.mutate(input)}
        onClose={onClose}
      />
    </Dialog>
  );
}

function RotateDialog({ endpoint, onClose }: DialogProps) {
  const rotate = useMutation({ mutationFn: () => webhooks.rotateSecret(endpoint.id) });
  if (rotate.data?.secret) {
    return (
      <SecretDialog
        title={m.webhooks.secretTitle}
        text={m.webhooks.secretText}
        secret={rotate.data.secret}
        done={m.webhooks.secretDone}
        onClose={onClose}
      />
    );
  }
  return (
    <ConfirmDialog
      title={m.webhooks.rotateTitle}
      text={m.webhooks.rotateText}
      action={m.webhooks.rotate}
      busy={rotate.isPending}
      error={rotate.error}
      errorTitle={m.webhooks.rotateFailed}
      onConfirm={() => rotate.mutate()}
      onClose={onClose}
    />
  );
}

function DeleteDialog({ endpoint, onClose }: DialogProps) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const remove = useMutation({
    mutationFn: () => webhooks.remove(endpoint.id),
    onSuccess: () => {
      toast(m.webhooks.deleted);
      navigate("/webhooks");
      client.removeQueries({ queryKey: [...keys.webhooks, endpoint.id] });
      void client.invalidateQueries({ queryKey: keys.webhooks });
    },
  });
  return (
    <ConfirmDialog
      title={m.webhooks.deleteTitle}
      text={m.webhooks.deleteText}
      action={m.webhooks.delete}
      danger
      busy={remove.isPending}
      error={remove.error}
      errorTitle={m.webhooks.deleteFailed}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}

function ReplayDialog({ endpoint, after, onClose }: DialogProps & { after: string }) {
  const [eventId, setEventId] = useState(after);
  const [complaint, setComplaint] = useState<string | null>(null);
  const client = useQueryClient();
  const replay = useMutation({
    mutationFn: () => webhooks.replay(endpoint.id, eventId.trim()),
    onSuccess: () => {
      toast(m.webhooks.replayed);
      void client.invalidateQueries({ queryKey: [...keys.webhooks, endpoint.id] });
      void client.invalidateQueries({ queryKey: keys.webhookDeliveries(endpoint.id) });
      onClose();
    },
  });
  const formRef = useFirstError(complaint, replay.error);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const wrong = !/^evt_\w+$/.test(eventId.trim());
    setComplaint(wrong ? m.webhooks.replayMissing : null);
    if (!wrong) replay.mutate();
  };
  return (
    <Dialog title={m.webhooks.replayTitle} onClose={onClose}>
      <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
        <p>{m.webhooks.replayText}</p>
        {replay.error && <ProblemNotice title={m.webhooks.replayFailed} problem={asProblem(replay.error)} />}
        <TextField
          label={m.webhooks.replayAfter}
          hint={m.webhooks.replayHint}
          error={complaint}
          value={eventId}
          spellCheck={false}
          autoFocus
          onChange={(event) => setEventId(event.target.value)}
        />
        <DialogActions>
          <Button onClick={onClose}>{m.cancel}</Button>
          <Button type="submit" variant="primary" disabled={replay.isPending}>
            {m.webhooks.replayNow}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
