/** The steps of a set-up, one at a time: what is made on the way, and where each leads. Owns no frame and no storage. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, type ReactNode } from "react";
import { channels, domains, useCases } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Channel } from "../api/types";
import { creationBody, type ChannelForm } from "../channels/form";
import { useIdempotencyKey } from "../composer/useIdempotencyKey";
import { m } from "../i18n";
import { Button, LinkButton } from "../ui/Button";
import { ListSkeleton } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { AddressStep } from "./AddressStep";
import { ArrivedMail } from "./ArrivedMail";
import { ChooseWay } from "./ChooseWay";
import { Progress } from "./Progress";
import { RecordsStep } from "./RecordsStep";
import { isRead, ReceiveStep } from "./ReceiveStep";
import { filledIn, lookUp, mayFillIn } from "./servers";
import { ServersStep } from "./ServersStep";
import { chosen, stepBefore, type Change, type SetUp, type Way } from "./state";
import type { Awaited } from "./useFirstMail";
import styles from "./setUp.module.css";

type Props = {
  setUp: SetUp;
  change: Change;
  /** What there is already, and has never received: it need not be made again. */
  existing: Channel[];
  /** Any mail is the first one, not only one that came the way that was chosen. */
  anyMail?: boolean;
  /** Beside the ways to choose from. */
  beside?: ReactNode;
  onBack?: () => void;
  onLeave: (conversationId: string | null) => void;
};

export function SetUpFlow({ setUp, change, existing, anyMail, beside, onBack, onLeave }: Props) {
  const { step, way, form, conversationId } = setUp;
  const focused = useMoved(step);
  const onForm = (part: Partial<ChannelForm>) => change({ form: { ...form, ...part } });
  const back = () => change({ step: stepBefore(setUp) });
  const received = (channel: { id: string }) => change({ channelId: channel.id, step: "receive", form: { ...form, password: "" } });
  const create = useCreation(form, received);
  const next = useNext(setUp, change);
  const useCase = useUseCase(setUp, (made) => change({ useCaseId: made.id, step: "receive" }));

  const choose = (picked: Way) => {
    create.reset();
    next.reset();
    useCase.reset();
    const there = existing.find((channel) => channel.provider === picked);
    if (there) change({ ...chosen(picked, form), channelId: there.id, useCaseId: null, step: "receive" });
    else change({ ...chosen(picked, form), channelId: null, step: "address" });
  };
  const problemOf = (error: unknown) => (error ? asProblem(error) : null);

  if (conversationId) {
    return (
      <>
        <Progress setUp={setUp} arrived />
        <ArrivedMail conversationId={conversationId} onLeave={onLeave} onGone={() => change({ conversationId: null })} />
      </>
    );
  }
  return (
    <>
      <Progress setUp={setUp} />
      {(step === "way" || !way) && (
        <>
          <ChooseWay chosen={way} focused={focused} onChoose={choose}>
            {beside}
          </ChooseWay>
          {onBack && (
            <div className={styles.buttons}>
              <Button onClick={onBack}>{m.cancel}</Button>
            </div>
          )}
        </>
      )}
      {step === "address" && way && (
        <AddressStep
          key={way}
          way={way}
          form={form}
          focused={focused}
          busy={create.isPending || next.isPending}
          problem={problemOf(create.error ?? next.error)}
          onChange={onForm}
          onBack={back}
          onNext={() => (way === "smtp_imap" || way === "domain" ? next.mutate() : create.mutate())}
        />
      )}
      {step === "servers" && (
        <ServersStep
          form={form}
          found={setUp.found}
          focused={focused}
          busy={create.isPending}
          problem={problemOf(create.error)}
          onChange={onForm}
          onBack={back}
          onCreate={() => create.mutate()}
        />
      )}
      {step === "records" && setUp.domainId && (
        <RecordsStep
          domainId={setUp.domainId}
          focused={focused}
          busy={useCase.isPending}
          problem={problemOf(useCase.error)}
          onBack={back}
          onNext={() => useCase.mutate()}
        />
      )}
      {step === "receive" && way && (
        <Receiving setUp={setUp} change={change} way={way} focused={focused} anyMail={anyMail} onLeave={onLeave} />
      )}
    </>
  );
}

/** Whether one has come from another step, and not just opened the page. */
function useMoved(step: string): boolean {
  const first = useRef(step);
  const moved = useRef(false);
  useEffect(() => {
    if (first.current !== step) moved.current = true;
  }, [step]);
  return moved.current || first.current !== step;
}

function useCreation(form: ChannelForm, onCreated: (channel: Channel) => void) {
  const client = useQueryClient();
  const idempotencyKey = useIdempotencyKey();
  return useMutation({
    mutationFn: () => {
      const body = creationBody(form);
      return channels.create(body, idempotencyKey(body));
    },
    onSuccess: (channel) => {
      client.setQueryData([...keys.channels, channel.id], channel);
      void client.invalidateQueries({ queryKey: keys.channels });
      onCreated(channel);
    },
  });
}

/** From the address on: a mailbox's servers are looked for, a domain is added unless it is there. */
function useNext({ way, form, found }: SetUp, change: Change) {
  const client = useQueryClient();
  const idempotencyKey = useIdempotencyKey();
  const email = form.emailAddress.trim();
  return useMutation({
    mutationFn: async (): Promise<Partial<SetUp>> => {
      if (way === "smtp_imap") {
        if (!mayFillIn(form, found)) return { step: "servers" };
        const discovered = await lookUp(email);
        return { step: "servers", found: { email, source: discovered._source }, form: { ...form, ...filledIn(discovered, email) } };
      }
      const name = email.slice(email.lastIndexOf("@") + 1).toLowerCase();
      const there = (await domains.list()).items.find((domain) => domain.name === name);
      const domain = there ?? (await domains.create({ name }, idempotencyKey({ name })));
      client.setQueryData(keys.domain(domain.id), domain);
      void client.invalidateQueries({ queryKey: keys.domains, exact: true });
      return { step: "records", domainId: domain.id };
    },
    onSuccess: change,
  });
}

/** The domain's address, unless it is there. */
function useUseCase({ domainId, form }: SetUp, onMade: (useCase: { id: string }) => void) {
  const client = useQueryClient();
  const idempotencyKey = useIdempotencyKey();
  return useMutation({
    mutationFn: async () => {
      const senderAddress = form.emailAddress.trim().toLowerCase();
      const there = (await useCases.list(domainId ?? undefined)).items.find((each) => each.senderAddress === senderAddress);
      if (there) return there;
      const entityName = form.displayName.trim();
      const body = { domainId: domainId ?? "", entityName, name: m.setUp.useCaseName, senderAddress, emailType: "transactional" as const, unsubscribable: false };
      return useCases.create(body, idempotencyKey(body));
    },
    onSuccess: (useCase) => {
      void client.invalidateQueries({ queryKey: keys.useCases });
      onMade(useCase);
    },
  });
}

type ReceivingProps = Pick<Props, "setUp" | "change" | "anyMail" | "onLeave"> & { way: Way; focused: boolean };

function Receiving({ setUp, change, way, focused, anyMail, onLeave }: ReceivingProps) {
  const { channelId, useCaseId, form } = setUp;
  const channel = useQuery({
    queryKey: [...keys.channels, channelId],
    queryFn: ({ signal }) => channels.get(channelId ?? "", signal),
    enabled: channelId !== null,
  });
  const otherWay = () => change({ step: "way" });
  if (channelId && channel.isPending) return <ListSkeleton rows={3} />;
  if (channelId && !channel.data) {
    return (
      <div className={styles.step}>
        <ProblemNotice title={m.channels.oneFailed} problem={asProblem(channel.error)} onRetry={() => void channel.refetch()} />
        <div className={styles.buttons}>
          <Button onClick={otherWay}>{m.setUp.otherWay}</Button>
        </div>
      </div>
    );
  }
  const found = channel.data ?? null;
  const awaited: Awaited = anyMail ? { channelId: null, useCaseId: null } : { channelId, useCaseId };
  const address = found ? (isRead(found) ? (found.emailAddress ?? null) : null) : form.emailAddress.trim();
  return (
    <ReceiveStep
      way={way}
      channel={found}
      address={address}
      awaited={awaited}
      focused={focused}
      onArrived={(conversationId) => change({ conversationId, arrivedAtMs: Date.now() })}
    >
      <Button onClick={otherWay}>{m.setUp.otherWay}</Button>
      <span className={styles.pair}>
        {found && <LinkButton href={`/channels/${found.id}`}>{m.setUp.settings}</LinkButton>}
        {!anyMail && <Button onClick={() => onLeave(null)}>{m.setUp.toInbox}</Button>}
      </span>
    </ReceiveStep>
  );
}
