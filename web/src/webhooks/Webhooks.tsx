/** The list of webhook endpoints, and the creation of one. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { webhooks, type WebhookInput } from "../api/endpoints";
import { keys } from "../api/keys";
import type { WebhookEndpoint } from "../api/types";
import { useIdempotencyKey } from "../composer/useIdempotencyKey";
import { m } from "../i18n";
import { useIsAdmin } from "../people/changes";
import { ResourcePage } from "../shell/ResourcePage";
import { Badge, Breakable } from "../ui/bits";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { listStyles } from "../ui/list";
import { SecretDialog } from "../ui/SecretDialog";
import { EndpointForm } from "./EndpointForm";

export default function Webhooks() {
  const list = useQuery({ queryKey: keys.webhooks, queryFn: async ({ signal }) => (await webhooks.list(signal)).items });
  const [creating, setCreating] = useState(false);
  const admin = useIsAdmin();
  const create = admin && (
    <Button variant="primary" icon="plus" onClick={() => setCreating(true)}>
      {m.webhooks.create}
    </Button>
  );
  return (
    <ResourcePage
      texts={admin ? m.webhooks : { ...m.webhooks, emptyText: m.webhooks.readOnly }}
      icon="webhook"
      query={list}
      create={create}
      row={(endpoint) => (
        <Link href={`/webhooks/${endpoint.id}`} className={listStyles.row ?? ""}>
          <span className={listStyles.main}>
            <strong>
              <Breakable text={endpoint.url} />
            </strong>
            <span className={listStyles.sub}>{eventsInWords(endpoint)}</span>
          </span>
          <span className={listStyles.side}>
            <EndpointBadge endpoint={endpoint} />
          </span>
        </Link>
      )}
    >
      {creating && <CreateWebhook onClose={() => setCreating(false)} />}
    </ResourcePage>
  );
}

export function eventsInWords(endpoint: WebhookEndpoint): string {
  return endpoint.events.includes("*") ? m.webhooks.allEvents : endpoint.events.join(", ");
}

export function EndpointBadge({ endpoint }: { endpoint: WebhookEndpoint }) {
  if (endpoint.enabled) return <Badge tone="ok">{m.webhooks.enabled}</Badge>;
  return <Badge tone={endpoint.disabledReason ? "danger" : "plain"}>{m.webhooks.disabled}</Badge>;
}

function CreateWebhook({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const idempotencyKey = useIdempotencyKey();
  const create = useMutation({
    mutationFn: (input: WebhookInput) => webhooks.create(input, idempotencyKey(input)),
    onSuccess: () => void client.invalidateQueries({ queryKey: keys.webhooks }),
  });
  if (create.data?.secret) {
    const { id, secret } = create.data;
    return (
      <SecretDialog
        title={m.webhooks.secretTitle}
        text={m.webhooks.secretText}
        secret={secret}
        done={m.webhooks.secretDone}
        onClose={() => {
          onClose();
          navigate(`/webhooks/${id}`);
        }}
      />
    );
  }
  return (
    <Dialog title={m.webhooks.create} onClose={onClose} wide>
      <EndpointForm
        action={create.isPending ? m.webhooks.creating : m.webhooks.createNow}
        busy={create.isPending}
        error={create.error}
        errorTitle={m.webhooks.createFailed}
        onSubmit={(input) => create.mutate(input)}
        onClose={onClose}
      />
    </Dialog>
  );
}
