/** API keys: the list, the creation of one (shown once), its revocation. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { apiKeys } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { ApiKey, Scope } from "../api/types";
import { useChannels } from "../conversations/queries";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { useIsAdmin } from "../people/changes";
import { Page } from "../shell/Page";
import { ResourcePage } from "../shell/ResourcePage";
import { Badge, EmptyState } from "../ui/bits";
import { Button } from "../ui/Button";
import { ConfirmDialog, Dialog, DialogActions } from "../ui/Dialog";
import { Choice, FieldGroup, formClass, SelectField, TextField } from "../ui/Field";
import { listStyles } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useFirstError } from "../ui/useFirstError";
import { SecretDialog } from "../ui/SecretDialog";
import { toast } from "../ui/toast";
import styles from "../webhooks/webhooks.module.css";

export default function ApiKeys() {
  if (useIsAdmin()) return <AllKeys />;
  return (
    <Page title={m.keys.title} lead={m.keys.lead}>
      <EmptyState icon="key" title={m.keys.onlyAdmins} />
    </Page>
  );
}

function AllKeys() {
  const list = useQuery({ queryKey: keys.apiKeys, queryFn: async ({ signal }) => (await apiKeys.list(signal)).items });
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const create = (
    <Button variant="primary" icon="plus" onClick={() => setCreating(true)}>
      {m.keys.create}
    </Button>
  );
  return (
    <ResourcePage
      texts={m.keys}
      icon="key"
      query={list}
      create={create}
      row={(key) => <KeyRow apiKey={key} onRevoke={() => setRevoking(key)} />}
    >
      {creating && <CreateKey onClose={() => setCreating(false)} />}
      {revoking && <RevokeKey apiKey={revoking} onClose={() => setRevoking(null)} />}
    </ResourcePage>
  );
}

function KeyRow({ apiKey, onRevoke }: { apiKey: ApiKey; onRevoke: () => void }) {
  const channel = useChannels().data?.find((each) => each.id === apiKey.channelId);
  const used = apiKey.lastUsedAt ? longTime(apiKey.lastUsedAt) : m.keys.never;
  return (
    <div className={listStyles.row}>
      <span className={listStyles.main}>
        <strong>{apiKey.name}</strong> <code className={listStyles.hint}>{m.keys.endsWith(apiKey.hint)}</code>
        <span className={listStyles.sub}>
          {m.keys.created} {longTime(apiKey.createdAt)} · {m.keys.lastUsed} {used}
        </span>
        <span className={listStyles.badges}>
          {apiKey.scopes.map((scope) => (
            <Badge key={scope} tone={scope === "admin" ? "warn" : "plain"}>
              {scope}
            </Badge>
          ))}
          {channel && <Badge tone="accent">{channel.name}</Badge>}
        </span>
      </span>
      <span className={listStyles.side}>
        <Button small aria-label={m.keys.revokeLabel(apiKey.name)} onClick={onRevoke}>
          {m.keys.revoke}
        </Button>
      </span>
    </div>
  );
}

const SCOPES = Object.keys(m.keys.scopeNames) as Scope[];

function CreateKey({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<Scope[]>([]);
  const [channelId, setChannelId] = useState("");
  const [complaints, setComplaints] = useState<{ name?: string; scopes?: string }>({});
  const channels = useChannels().data ?? [];
  const client = useQueryClient();
  const create = useMutation({
    mutationFn: () => apiKeys.create({ name: name.trim(), scopes, ...(channelId ? { channelId } : {}) }),
    onSuccess: () => void client.invalidateQueries({ queryKey: keys.apiKeys }),
  });
  const formRef = useFirstError(complaints, create.error);
  if (create.data?.key) {
    return (
      <SecretDialog
        title={m.keys.createdTitle}
        text={m.keys.createdText}
        secret={create.data.key}
        done={m.keys.createdDone}
        onClose={onClose}
      />
    );
  }
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const found: typeof complaints = {};
    if (!name.trim()) found.name = m.keys.nameMissing;
    if (scopes.length === 0) found.scopes = m.keys.noScopes;
    setComplaints(found);
    if (!found.name && !found.scopes) create.mutate();
  };
  const problem = create.error ? asProblem(create.error) : null;
  return (
    <Dialog title={m.keys.create} onClose={onClose} wide>
      <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
        {problem && <ProblemNotice title={m.keys.createFailed} problem={problem} />}
        <TextField
          label={m.keys.name}
          hint={m.keys.nameHint}
          error={complaints.name ?? problem?.field("name")}
          value={name}
          autoFocus
          onChange={(event) => setName(event.target.value)}
        />
        <FieldGroup legend={m.keys.scopes} error={complaints.scopes ?? problem?.field("scopes")}>
          <div className={styles.events}>
            {SCOPES.map((scope) => (
              <Choice
                key={scope}
                label={scope}
                hint={m.keys.scopeNames[scope]}
                checked={scopes.includes(scope) || scopes.includes("admin")}
                disabled={scope !== "admin" && scopes.includes("admin")}
                onChange={(event) =>
                  setScopes(event.target.checked ? [...scopes, scope] : scopes.filter((each) => each !== scope))
                }
              />
            ))}
          </div>
        </FieldGroup>
        <SelectField label={m.keys.channel} value={channelId} onChange={(event) => setChannelId(event.target.value)}>
          <option value="">{m.keys.anyChannel}</option>
          {channels.map((channel) => (
            <option key={channel.id} value={channel.id}>
              {channel.name}
            </option>
          ))}
        </SelectField>
        <DialogActions>
          <Button onClick={onClose}>{m.cancel}</Button>
          <Button type="submit" variant="primary" disabled={create.isPending}>
            {create.isPending ? m.keys.creating : m.keys.createNow}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function RevokeKey({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => apiKeys.remove(apiKey.id),
    onSuccess: () => {
      toast(m.keys.revoked);
      void client.invalidateQueries({ queryKey: keys.apiKeys });
      onClose();
    },
  });
  return (
    <ConfirmDialog
      title={m.keys.revokeTitle(apiKey.name)}
      text={m.keys.revokeText}
      action={m.keys.revoke}
      danger
      busy={revoke.isPending}
      error={revoke.error}
      errorTitle={m.keys.revokeFailed}
      onConfirm={() => revoke.mutate()}
      onClose={onClose}
    />
  );
}
