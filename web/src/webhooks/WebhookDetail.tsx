/** One webhook endpoint: its settings, what was posted to it, and doing so again. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useLocation } from "wouter";
import { webhooks, type WebhookInput } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { WebhookEndpoint } from "../api/types";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { Card, Page, Section } from "../shell/Page";
import { Button } from "../ui/Button";
import { ConfirmDialog, Dialog, DialogActions } from "../ui/Dialog";
import { formClass, TextField } from "../ui/Field";
import { ListSkeleton, listStyles } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { SecretDialog } from "../ui/SecretDialog";
import { toast, toastProblem } from "../ui/toast";
import { Deliveries } from "./Deliveries";
import { EndpointForm } from "./EndpointForm";
import { EndpointBadge, eventsInWords } from "./Webhooks";

const UP = { href: "/webhooks", label: m.webhooks.title };

type Asking = "edit" | "delete" | "rotate" | { replayAfter: string } | null;

export default function WebhookDetail({ id }: { id: string }) {
  const endpoint = useQuery({ queryKey: [...keys.webhooks, id], queryFn: ({ signal }) => webhooks.get(id, signal) });
  if (endpoint.isPending) {
    return (
      <Page title={m.webhooks.title} up={UP}>
        <ListSkeleton />
      </Page>
    );
  }
  if (endpoint.isError) {
    return (
      <Page title={m.webhooks.notFound} up={UP}>
        <ProblemNotice title={m.webhooks.failed} problem={asProblem(endpoint.error)} onRetry={() => void endpoint.refetch()} />
      </Page>
    );
  }
  return <Detail endpoint={endpoint.data} />;
}

function Detail({ endpoint }: { endpoint: WebhookEndpoint }) {
  const [asking, setAsking] = useState<Asking>(null);
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
      title={endpoint.url.replace(/^https?:\/\//, "")}
      up={UP}
      lead={<EndpointBadge endpoint={endpoint} />}
      actions={
        <>
          <Button variant="primary" icon="bolt" disabled={test.isPending} onClick={() => test.mutate()}>
            {m.webhooks.test}
          </Button>
          <Button icon="play" onClick={() => setAsking({ replayAfter: "" })}>
            {m.webhooks.replay}
          </Button>
          <Button disabled={toggle.isPending} onClick={() => toggle.mutate({ enabled: !endpoint.enabled })}>
            {endpoint.enabled ? m.webhooks.disable : m.webhooks.enable}
          </Button>
        </>
      }
    >
      {toggle.error && <ProblemNotice title={m.webhooks.changeFailed} problem={asProblem(toggle.error)} />}
      <Card>
        <dl className={listStyles.facts}>
          <dt>{m.webhooks.url}</dt>
          <dd>{endpoint.url}</dd>
          <dt>{m.webhooks.events}</dt>
          <dd>{eventsInWords(endpoint)}</dd>
          <dt>{m.webhooks.format}</dt>
          <dd>{m.webhooks.formats[endpoint.format]}</dd>
          {endpoint.disabledReason && !endpoint.enabled && (
            <>
              <dt>{m.webhooks.disabled}</dt>
              <dd>{m.webhooks.disabledBecause(endpoint.disabledReason)}</dd>
            </>
          )}
          <dt>{m.keys.created}</dt>
          <dd>{longTime(endpoint.createdAt)}</dd>
        </dl>
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
      void client.invalidateQueries({ queryKey: keys.webhookDeliveries(endpoint.id) });
      onClose();
    },
  });
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const wrong = !/^evt_\w+$/.test(eventId.trim());
    setComplaint(wrong ? m.webhooks.replayMissing : null);
    if (!wrong) replay.mutate();
  };
  return (
    <Dialog title={m.webhooks.replayTitle} onClose={onClose}>
      <form className={formClass} onSubmit={onSubmit} noValidate>
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
