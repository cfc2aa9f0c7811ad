/** One broadcast: how far it is, what became of it, and the ways to stop it and to go on. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { number, percent } from "../analytics/figures";
import { broadcasts } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Broadcast, BroadcastProgress, BroadcastWithContent } from "../api/types";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { Card, Page, Section } from "../shell/Page";
import { Button, LinkButton } from "../ui/Button";
import { ConfirmDialog } from "../ui/Dialog";
import { Gone } from "../ui/Gone";
import { Icon } from "../ui/Icon";
import { ListSkeleton, listStyles } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast, toastProblem } from "../ui/toast";
import { BroadcastBadge } from "./Broadcasts";
import styles from "./broadcasts.module.css";
import { formOf } from "./form";
import { Look } from "./Look";
import { actsOn, throughOf } from "./progress";
import { ProgressBar } from "./ProgressBar";
import { useBroadcast, useKeepBroadcast, useLists, useNames, useTemplates } from "./queries";
import { SendDialog } from "./SendDialog";

const UP = { href: "/broadcasts", label: m.broadcasts.title };

export default function BroadcastDetail({ id }: { id: string }) {
  const broadcast = useBroadcast(id);
  if (broadcast.data) return <Detail broadcast={broadcast.data} />;
  if (broadcast.isPending) {
    return (
      <Page title={m.loading} up={UP}>
        <ListSkeleton rows={5} />
      </Page>
    );
  }
  const problem = asProblem(broadcast.error);
  if (problem.status === 404) return <Gone title={m.broadcasts.notFound} back={{ href: UP.href, label: m.broadcasts.back }} />;
  return (
    <Page title={m.broadcasts.title} up={UP}>
      <ProblemNotice title={m.broadcasts.oneFailed} problem={problem} onRetry={() => void broadcast.refetch()} />
    </Page>
  );
}

function Detail({ broadcast }: { broadcast: BroadcastWithContent }) {
  const names = useNames()(broadcast);
  const { progress, status } = broadcast;
  return (
    <Page
      title={broadcast.name}
      up={UP}
      lead={
        <span className={styles.lead}>
          <BroadcastBadge status={status} /> {m.broadcasts.toList(names.list)} · {m.broadcasts.under(names.useCase)}
        </span>
      }
      actions={<Actions broadcast={broadcast} />}
    >
      {broadcast.problem && (
        <div className={styles.notice} role="status">
          <Icon name="warning" />
          <div>
            <strong>{status === "paused" ? m.broadcasts.whyPaused : m.broadcasts.wentWrong}</strong>
            <p>{broadcast.problem}</p>
          </div>
        </div>
      )}
      {progress.total > 0 && <Figures progress={progress} />}
      <Section title={m.broadcasts.about}>
        <Card>
          <Facts broadcast={broadcast} names={names} />
        </Card>
      </Section>
      {actsOn(broadcast).edit && (
        <Section title={m.broadcasts.preview}>
          <Look form={formOf(broadcast)} />
        </Section>
      )}
    </Page>
  );
}

const SAID = { pause: m.broadcasts.paused, resume: m.broadcasts.resumed, cancel: m.broadcasts.cancelled };

function Actions({ broadcast }: { broadcast: Broadcast }) {
  const [asking, setAsking] = useState<"send" | "cancel" | "remove" | null>(null);
  const members = useLists().data?.find((list) => list.id === broadcast.listId);
  const client = useQueryClient();
  const keep = useKeepBroadcast();
  const act = useMutation({
    mutationFn: (what: "pause" | "resume" | "cancel") => broadcasts.act(broadcast.id, what),
    onSuccess: (changed, what) => {
      keep(changed);
      setAsking(null);
      toast(SAID[what]);
    },
    onError: (error) => asking ?? toastProblem(m.broadcasts.actFailed, error),
    onSettled: () => void client.invalidateQueries({ queryKey: keys.broadcasts }),
  });
  const [, navigate] = useLocation();
  const remove = useMutation({
    mutationFn: () => broadcasts.remove(broadcast.id),
    onSuccess: () => {
      toast(m.broadcasts.removed);
      navigate(UP.href);
      client.removeQueries({ queryKey: keys.broadcast(broadcast.id) });
      void client.invalidateQueries({ queryKey: keys.broadcasts });
    },
  });
  const may = actsOn(broadcast);
  return (
    <>
      {may.send && (
        <Button variant="primary" icon="send" onClick={() => setAsking("send")}>
          {broadcast.scheduledAt ? m.broadcasts.schedule : m.broadcasts.sendNow}
        </Button>
      )}
      {may.edit && (
        <LinkButton icon="edit" href={`/broadcasts/${broadcast.id}/edit`}>
          {m.broadcasts.editIt}
        </LinkButton>
      )}
      {may.pause && (
        <Button icon="pause" disabled={act.isPending} onClick={() => act.mutate("pause")}>
          {m.broadcasts.pause}
        </Button>
      )}
      {may.resume && (
        <Button variant="primary" icon="play" disabled={act.isPending} onClick={() => act.mutate("resume")}>
          {m.broadcasts.resume}
        </Button>
      )}
      {may.cancel && (
        <Button icon="close" disabled={act.isPending} onClick={() => setAsking("cancel")}>
          {m.broadcasts.cancel}
        </Button>
      )}
      {may.remove && (
        <Button icon="trash" onClick={() => setAsking("remove")}>
          {m.broadcasts.remove}
        </Button>
      )}
      {asking === "remove" && (
        <ConfirmDialog
          title={m.broadcasts.removeTitle}
          text={m.broadcasts.removeText}
          action={m.broadcasts.removeNow}
          danger
          busy={remove.isPending}
          error={remove.error}
          errorTitle={m.broadcasts.actFailed}
          onConfirm={() => remove.mutate()}
          onClose={() => setAsking(null)}
        />
      )}
      {asking === "cancel" && (
        <ConfirmDialog
          title={m.broadcasts.cancelTitle}
          text={m.broadcasts.cancelText}
          action={m.broadcasts.cancelNow}
          danger
          busy={act.isPending}
          error={act.error}
          errorTitle={m.broadcasts.actFailed}
          onConfirm={() => act.mutate("cancel")}
          onClose={() => setAsking(null)}
        />
      )}
      {asking === "send" && (
        <SendDialog
          list={members}
          scheduledAt={broadcast.scheduledAt ?? null}
          send={() => broadcasts.act(broadcast.id, "send")}
          onSent={(sent) => {
            keep(sent);
            setAsking(null);
          }}
          onClose={() => setAsking(null)}
        />
      )}
    </>
  );
}

type Figure = Exclude<keyof typeof m.broadcasts.names, never>;
const FIGURES: Figure[] = ["sent", "delivered", "opened", "clicked", "bounced", "failed", "deferred", "suppressed", "unsubscribed", "complained"];
/** As parts of what was sent; the others are too few to be a part. */
const RATED: ReadonlySet<Figure> = new Set<Figure>(["delivered", "opened", "clicked", "bounced", "unsubscribed", "complained"]);

function Figures({ progress }: { progress: BroadcastProgress }) {
  const through = throughOf(progress);
  const base = Math.max(progress.sent, progress.delivered);
  return (
    <Section title={m.broadcasts.figures}>
      <div className={styles.figures}>
        <p className={styles.through}>{m.broadcasts.progress(number(through), number(progress.total))}</p>
        <ProgressBar progress={progress} large />
        <dl className={styles.tiles}>
          {FIGURES.map((name) => (
            <div key={name}>
              <dt>{m.broadcasts.names[name]}</dt>
              <dd>
                {number(progress[name])}
                {RATED.has(name) && base > 0 && progress[name] > 0 && <span>{percent(progress[name] / base)}</span>}
              </dd>
            </div>
          ))}
        </dl>
      </div>
    </Section>
  );
}

function Facts({ broadcast, names }: { broadcast: Broadcast; names: { list: string; useCase: string } }) {
  const { templateId, templateVersion, tags, scheduledAt, startedAt, finishedAt, createdAt } = broadcast;
  const template = useTemplates().data?.find((each) => each.id === templateId);
  const made = templateId ? (
    <Link href={`/templates/${templateId}`}>
      {templateVersion ? m.broadcasts.version(template?.name ?? templateId, templateVersion) : (template?.name ?? templateId)}
    </Link>
  ) : (
    m.broadcasts.ownContent
  );
  const rows: [string, ReactNode][] = [
    [m.broadcasts.subject, broadcast.subject],
    [m.broadcasts.made, made],
    [m.broadcasts.to, <Link key="list" href={`/lists/${broadcast.listId}`}>{names.list}</Link>],
    [m.broadcasts.from, names.useCase],
    [m.broadcasts.tags, tags.join(", ")],
    [m.broadcasts.createdAt, longTime(createdAt)],
    [m.broadcasts.scheduledAt, scheduledAt && longTime(scheduledAt)],
    [m.broadcasts.startedAt, startedAt && longTime(startedAt)],
    [m.broadcasts.finishedAt, finishedAt && longTime(finishedAt)],
  ];
  return (
    <>
      <dl className={listStyles.facts}>
        {rows.map(([name, value]) =>
          value ? (
            <div key={name} style={{ display: "contents" }}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ) : null,
        )}
      </dl>
      {startedAt && (
        <div className={styles.foot}>
          <LinkButton small icon="send" href={`/messages?${messagesOf(broadcast)}`}>
            {m.broadcasts.messages}
          </LinkButton>
        </div>
      )}
    </>
  );
}

/** Its tag is its own as far as it was given one; else all of its use case. */
function messagesOf({ useCaseId, tags }: Broadcast): URLSearchParams {
  return new URLSearchParams({ useCase: useCaseId, ...(tags[0] ? { tag: tags[0] } : {}) });
}
