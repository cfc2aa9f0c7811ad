/** How long mail is kept, what would go by it, and what was erased. */

import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { erasures, retention } from "../api/contacts";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Erasure, ErasureCounts, RetentionRules } from "../api/types";
import { useChannels } from "../conversations/queries";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { useIsAdmin } from "../people/changes";
import { Card, Page, Section } from "../shell/Page";
import { SettingsTabs } from "../workspace/SettingsTabs";
import { UnsavedDialog } from "../shell/UnsavedDialog";
import { Badge, EmptyState } from "../ui/bits";
import { Button, IconButton } from "../ui/Button";
import { ConfirmDialog } from "../ui/Dialog";
import { formClass, SelectField, TextField } from "../ui/Field";
import { ListSkeleton, listStyles, LoadMore } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast, toastProblem } from "../ui/toast";
import { useFirstError } from "../ui/useFirstError";
import { inWords } from "./EraseDialog";
import { complaintsOf, formOf, rulesOf, type RetentionForm } from "./retention";
import styles from "./privacy.module.css";

export default function Retention() {
  const admin = useIsAdmin();
  const rules = useQuery({
    queryKey: keys.retention,
    queryFn: ({ signal }) => retention.get(signal),
    enabled: admin,
    refetchOnWindowFocus: false,
  });
  return (
    <Page title={m.privacy.retention} lead={m.privacy.retentionLead} narrow>
      <SettingsTabs />
      {!admin && <EmptyState icon="shield" title={m.privacy.onlyAdmins} />}
      {admin && rules.isPending && <ListSkeleton rows={4} />}
      {rules.isError && !rules.data && (
        <ProblemNotice title={m.privacy.retentionFailed} problem={asProblem(rules.error)} onRetry={() => void rules.refetch()} />
      )}
      {rules.data && (
        <>
          <Section title={m.privacy.rules}>
            <Card>
              <Rules rules={rules.data} />
            </Card>
          </Section>
          <Section title={m.privacy.erasures}>
            <Erasures />
          </Section>
        </>
      )}
    </Page>
  );
}

function Rules({ rules }: { rules: RetentionRules }) {
  const [saved, setSaved] = useState(() => formOf(rules));
  const [form, setForm] = useState(saved);
  const [complaints, setComplaints] = useState<Record<string, string>>({});
  const [counted, setCounted] = useState<ErasureCounts | null>(null);
  const [asking, setAsking] = useState(false);
  const client = useQueryClient();
  const preview = useMutation({
    mutationFn: (body: RetentionRules) => retention.preview(body),
    onSuccess: setCounted,
    onError: (error) => toastProblem(m.privacy.countFailed, error),
  });
  const save = useMutation({
    mutationFn: (body: RetentionRules) => retention.put(body),
    onSuccess: (kept) => {
      client.setQueryData(keys.retention, kept);
      const shown = formOf(kept);
      setSaved(shown);
      setForm(shown);
      setAsking(false);
      setCounted(null);
      toast(m.privacy.retentionSaved);
      void client.invalidateQueries({ queryKey: keys.erasures });
    },
  });
  const set = (change: Partial<RetentionForm>) => {
    setForm({ ...form, ...change });
    setCounted(null);
  };
  const checked = (): RetentionRules | null => {
    const found = complaintsOf(form);
    setComplaints(found);
    return Object.keys(found).length === 0 ? rulesOf(form) : null;
  };
  const formRef = useFirstError(complaints, save.error);
  return (
    <form
      ref={formRef}
      className={formClass}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        const body = checked();
        // What goes for good is counted before it is turned on.
        if (body) preview.mutate(body, { onSuccess: ({ conversations, reports }) => (conversations + reports > 0 ? setAsking(true) : save.mutate(body)) });
      }}
    >
      {save.error && !asking && <ProblemNotice title={m.privacy.saveFailed} problem={asProblem(save.error)} />}
      <TextField label={m.privacy.resolvedDays} hint={m.privacy.resolvedDaysHint} error={complaints.resolvedDays} inputMode="numeric" value={form.resolvedDays} onChange={(event) => set({ resolvedDays: event.target.value })} />
      <ChannelRules form={form} complaints={complaints} onChange={set} />
      <TextField label={m.privacy.reportDays} hint={m.privacy.reportDaysHint} error={complaints.reportDays} inputMode="numeric" value={form.reportDays} onChange={(event) => set({ reportDays: event.target.value })} />
      <div className={listStyles.actions}>
        <Button type="submit" variant="primary" disabled={preview.isPending || save.isPending || JSON.stringify(form) === JSON.stringify(saved)}>
          {m.save}
        </Button>
        <Button
          disabled={preview.isPending}
          onClick={() => {
            const body = checked();
            if (body) preview.mutate(body);
          }}
        >
          {m.privacy.preview}
        </Button>
      </div>
      <p role="status" className={styles.counted}>
        {counted && (counted.conversations + counted.reports === 0 ? m.privacy.wouldGoNothing : m.privacy.wouldGo(counted.conversations, counted.messages, counted.reports))}
      </p>
      <UnsavedDialog unsaved={JSON.stringify(form) !== JSON.stringify(saved)} />
      {asking && counted && (
        <ConfirmDialog
          title={m.privacy.saveTitle}
          text={m.privacy.saveText(counted.conversations)}
          action={m.privacy.saveNow}
          danger
          busy={save.isPending}
          error={save.error}
          errorTitle={m.privacy.saveFailed}
          onConfirm={() => save.mutate(rulesOf(form))}
          onClose={() => setAsking(false)}
        />
      )}
    </form>
  );
}

type ChannelProps = { form: RetentionForm; complaints: Record<string, string>; onChange: (change: Partial<RetentionForm>) => void };

function ChannelRules({ form, complaints, onChange }: ChannelProps) {
  const channels = useChannels().data ?? [];
  const left = channels.filter((channel) => !form.channels.some((each) => each.channelId === channel.id));
  const nameOf = (id: string) => channels.find((channel) => channel.id === id)?.name ?? id;
  if (channels.length === 0) return null;
  return (
    <fieldset className={styles.channels}>
      <legend>{m.privacy.channelRules}</legend>
      {form.channels.map(({ channelId, resolvedDays }, index) => (
        <div key={channelId} className={styles.channel}>
          <TextField
            label={nameOf(channelId)}
            error={complaints[`channels/${index}`]}
            placeholder={m.privacy.keepForEver}
            inputMode="numeric"
            value={resolvedDays}
            onChange={(event) => onChange({ channels: form.channels.map((each, at) => (at === index ? { ...each, resolvedDays: event.target.value } : each)) })}
          />
          <IconButton icon="close" label={m.privacy.removeChannel(nameOf(channelId))} onClick={() => onChange({ channels: form.channels.filter((_, at) => at !== index) })} />
        </div>
      ))}
      {left.length > 0 && (
        <SelectField
          label={m.privacy.addChannel}
          value=""
          onChange={(event) => onChange({ channels: [...form.channels, { channelId: event.target.value, resolvedDays: "" }] })}
        >
          <option value="">{m.suppressions.choose}</option>
          {left.map((channel) => (
            <option key={channel.id} value={channel.id}>
              {channel.name}
            </option>
          ))}
        </SelectField>
      )}
    </fieldset>
  );
}

/** While one is under way it is looked again. */
const POLL_MS = 3_000;

function Erasures() {
  const list = useInfiniteQuery({
    queryKey: keys.erasures,
    queryFn: ({ pageParam, signal }) => erasures.list({ cursor: pageParam, take: 20 }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.cursor || undefined,
    refetchInterval: (query) => (query.state.data?.pages.some((page) => page.items.some((each) => each.status === "running")) ? POLL_MS : false),
  });
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  if (list.isPending) return <ListSkeleton rows={2} />;
  if (list.isError && items.length === 0) {
    return <ProblemNotice title={m.privacy.erasuresFailed} problem={asProblem(list.error)} onRetry={() => void list.refetch()} />;
  }
  if (items.length === 0) return <p className="muted">{m.privacy.noErasures}</p>;
  return (
    <>
      <ul className={listStyles.list}>
        {items.map((each) => (
          <li key={each.id}>
            <ErasureRow erasure={each} />
          </li>
        ))}
      </ul>
      <LoadMore list={list} />
    </>
  );
}

function ErasureRow({ erasure }: { erasure: Erasure }) {
  const words = inWords(erasure.counts);
  return (
    <div className={listStyles.row}>
      <span className={listStyles.main}>
        <strong>{m.privacy.reasons[erasure.reason]}</strong>
        <span className={listStyles.sub}>{[longTime(erasure.createdAt), ...words].join(" · ")}</span>
        {erasure.contactId && <span className={listStyles.sub}>{erasure.contactId}</span>}
      </span>
      <span className={listStyles.side}>
        <Badge tone={erasure.status === "done" ? "ok" : "accent"}>{m.privacy.status[erasure.status]}</Badge>
      </span>
    </div>
  );
}
