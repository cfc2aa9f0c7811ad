/** One channel: where it receives, its settings, its deletion. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useLocation } from "wouter";
import { channels } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Channel } from "../api/types";
import { m } from "../i18n";
import { useSession } from "../session/useSession";
import { WaitForMail } from "../setUp/WaitForMail";
import { leaveFreely } from "../shell/leaving";
import { Card, Page, Section } from "../shell/Page";
import { UnsavedDialog } from "../shell/UnsavedDialog";
import { Badge, CopyField } from "../ui/bits";
import { Button, LinkButton } from "../ui/Button";
import { ConfirmDialog } from "../ui/Dialog";
import { formClass } from "../ui/Field";
import { ListSkeleton, listStyles } from "../ui/list";
import { Gone } from "../ui/Gone";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useFirstError } from "../ui/useFirstError";
import { toast } from "../ui/toast";
import { ChannelFields, wrongOf } from "./ChannelFields";
import { changeBody, checkForm, connectionChanged, creationBody, formOf, type FormErrors } from "./form";
import { SampleMail } from "./SampleMail";
import { SurveyForm } from "./SurveyForm";
import { TestConnection } from "./TestConnection";
import styles from "./channels.module.css";

export default function ChannelDetail({ id }: { id: string }) {
  const channel = useQuery({ queryKey: [...keys.channels, id], queryFn: ({ signal }) => channels.get(id, signal) });
  const up = { href: "/channels", label: m.channels.title };
  if (channel.isPending) {
    return (
      <Page title={m.loading} up={up} narrow>
        <ListSkeleton />
      </Page>
    );
  }
  if (channel.isError && !channel.data) {
    const problem = asProblem(channel.error);
    if (problem.status === 404) return <Gone title={m.channels.notFound} back={{ href: up.href, label: m.channels.back }} />;
    return (
      <Page title={m.channels.title} up={up} narrow>
        <ProblemNotice title={m.channels.oneFailed} problem={problem} onRetry={() => void channel.refetch()} />
      </Page>
    );
  }
  return <Detail channel={channel.data} up={up} />;
}

function Detail({ channel, up }: { channel: Channel; up: { href: string; label: string } }) {
  const { user } = useSession();
  const lead = (
    <>
      {m.channels.providers[channel.provider]}{" "}
      <Badge tone={channel.status === "connected" ? "ok" : "danger"}>{m.channels.status[channel.status]}</Badge>
      {channel.status === "disconnected" && ` ${user.role === "admin" ? m.channels.unreachable : m.channels.unreachableForAgents}`}
    </>
  );
  return (
    <Page
      title={channel.name}
      lead={lead}
      up={up}
      narrow
      actions={<LinkButton href={`/conversations?status=all&channel=${channel.id}`}>{m.channels.conversations}</LinkButton>}
    >
      <Section title={m.channels.receiving}>
        <div className={styles.stack}>
          <p>{m.channels.receivingText}</p>
          <CopyField value={channel.inboundAddress} label={m.channels.receiving} />
          <div className={listStyles.actions}>
            <SampleMail channel={channel} />
            <WaitForMail channelId={channel.id} />
          </div>
        </div>
      </Section>
      <Section title={m.channels.webhook}>
        <HiddenAddress url={channel.webhookUrl} />
      </Section>
      {user.role === "admin" && (
        <>
          <Section title={m.channels.editTitle}>
            <EditForm channel={channel} />
          </Section>
          <Section title={m.ratings.survey}>
            <SurveyForm channelId={channel.id} />
          </Section>
          <Section>
            <DeleteChannel channel={channel} />
          </Section>
        </>
      )}
    </Page>
  );
}

/** It carries a secret: not on screen while somebody looks over a shoulder. */
function HiddenAddress({ url }: { url: string }) {
  const [shown, setShown] = useState(false);
  return (
    <div className={styles.stack}>
      <p>{m.channels.webhookText}</p>
      {shown ? (
        <CopyField value={url} label={m.channels.webhook} />
      ) : (
        <div>
          <Button onClick={() => setShown(true)}>{m.channels.webhookHidden}</Button>
        </div>
      )}
    </div>
  );
}

function EditForm({ channel }: { channel: Channel }) {
  const [begun, setBegun] = useState(channel);
  const [form, setForm] = useState(() => formOf(channel));
  const [errors, setErrors] = useState<FormErrors>({});
  const client = useQueryClient();
  const body = changeBody(begun, form);
  const changed = Object.keys(body).length > 0;
  const beginWith = (kept: Channel) => {
    setBegun(kept);
    setForm(formOf(kept));
  };
  // What a colleague saves is shown at once, but never in place of what is being typed.
  if (channel.updatedAt !== begun.updatedAt && !changed) beginWith(channel);
  const save = useMutation({
    mutationFn: () => channels.patch(channel.id, body),
    onSuccess: (saved) => {
      beginWith(saved);
      client.setQueryData([...keys.channels, channel.id], saved);
      void client.invalidateQueries({ queryKey: keys.channels });
      toast(m.saved);
    },
  });
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const found = checkForm(form, true);
    setErrors(found);
    if (Object.keys(found).length === 0 && changed) save.mutate();
  };
  const problem = save.error ? asProblem(save.error) : null;
  const formRef = useFirstError(errors, save.error);
  // The password that is kept is shown to nobody, so what was typed can only be tried with one that was typed too.
  const asTyped = form.password !== "" && Object.keys(checkForm(form)).length === 0;
  return (
    <Card>
      <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
        {problem && <ProblemNotice title={m.channels.saveFailed} problem={problem} />}
        <ChannelFields form={form} wrong={wrongOf(errors, problem)} onChange={(change) => setForm({ ...form, ...change })} />
        {channel.provider === "smtp_imap" && (
          <>
            <TestConnection form={form} run={() => (asTyped ? channels.testNew(creationBody(form)) : channels.test(channel.id))} />
            {connectionChanged(begun, form) && !asTyped && <p className="muted small">{m.setUp.testsSaved}</p>}
          </>
        )}
        <div className={listStyles.actions}>
          <Button type="submit" variant="primary" disabled={!changed || save.isPending}>
            {m.save}
          </Button>
        </div>
      </form>
      <UnsavedDialog unsaved={changed} />
    </Card>
  );
}

function DeleteChannel({ channel }: { channel: Channel }) {
  const [asking, setAsking] = useState(false);
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const remove = useMutation({
    mutationFn: () => channels.remove(channel.id),
    onSuccess: () => {
      toast(m.channels.deleted);
      leaveFreely(() => navigate("/channels"));
      client.removeQueries({ queryKey: [...keys.channels, channel.id] });
      void client.invalidateQueries({ queryKey: keys.channels });
    },
  });
  return (
    <>
      <Button icon="trash" onClick={() => setAsking(true)}>
        {m.channels.danger}
      </Button>
      {asking && (
        <ConfirmDialog
          title={m.channels.deleteTitle(channel.name)}
          text={m.channels.deleteText}
          action={m.channels.deleteConfirm}
          danger
          busy={remove.isPending}
          error={remove.error}
          errorTitle={m.channels.deleteFailed}
          onConfirm={() => remove.mutate()}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
