/** Creating a channel by the hand: which kind, its details, then the wait for its first mail. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { channels } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem, Problem } from "../api/problem";
import type { Channel } from "../api/types";
import { TryIt, WaitForMail } from "../conversations/FirstStart";
import { useIdempotencyKey } from "../composer/useIdempotencyKey";
import { m } from "../i18n";
import { Card, Page } from "../shell/Page";
import { CopyField } from "../ui/bits";
import { Button, LinkButton } from "../ui/Button";
import { formClass } from "../ui/Field";
import { Icon, type IconName } from "../ui/Icon";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useFirstError } from "../ui/useFirstError";
import { ChannelFields, TestConnection } from "./ChannelFields";
import { checkForm, creationBody, emptyForm, OFFERED, type ChannelForm, type FormErrors, type OfferedProvider } from "./form";
import { SampleMail } from "./SampleMail";
import styles from "./channels.module.css";

const ICONS: Record<OfferedProvider, IconName> = { forwarding: "inbox", smtp_imap: "mail", sandbox: "outbox" };
const STEPS = ["kind", "details", "done"] as const;

export default function NewChannel() {
  const [step, setStep] = useState<(typeof STEPS)[number]>("kind");
  const [form, setForm] = useState<ChannelForm>(() => emptyForm("forwarding"));
  const [created, setCreated] = useState<Channel | null>(null);
  return (
    <Page title={m.channels.create} up={{ href: "/channels", label: m.channels.title }} narrow>
      <ol className={styles.progress}>
        {STEPS.map((each, index) => (
          <li key={each} aria-current={each === step ? "step" : undefined}>
            {index + 1}. {m.channels.steps[each]}
          </li>
        ))}
      </ol>
      <Card>
        {step === "kind" && (
          <ChooseKind
            chosen={form.provider}
            onChoose={(provider) => setForm({ ...form, provider })}
            onNext={() => setStep("details")}
          />
        )}
        {step === "details" && (
          <DetailsStep
            form={form}
            onChange={(change) => setForm({ ...form, ...change })}
            onBack={() => setStep("kind")}
            onCreated={(channel) => {
              setCreated(channel);
              setStep("done");
            }}
          />
        )}
        {step === "done" && created && <DoneStep channel={created} />}
      </Card>
    </Page>
  );
}

function ChooseKind(props: { chosen: string; onChoose: (provider: OfferedProvider) => void; onNext: () => void }) {
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        props.onNext();
      }}
    >
      <fieldset className={styles.kinds}>
        <legend className="visually-hidden">{m.channels.chooseTitle}</legend>
        {OFFERED.map((provider) => (
          <label key={provider} className={styles.kind}>
            <input
              type="radio"
              name="provider"
              value={provider}
              checked={props.chosen === provider}
              onChange={() => props.onChoose(provider)}
            />
            <strong>
              <Icon name={ICONS[provider]} />
              {m.channels.providers[provider]}
            </strong>
            <span>{m.channels.providerText[provider]}</span>
          </label>
        ))}
      </fieldset>
      <div className={styles.buttons}>
        <LinkButton href="/channels">{m.cancel}</LinkButton>
        <Button type="submit" variant="primary">
          {m.channels.next}
        </Button>
      </div>
    </form>
  );
}

type DetailsProps = {
  form: ChannelForm;
  onChange: (change: Partial<ChannelForm>) => void;
  onBack: () => void;
  onCreated: (channel: Channel) => void;
};

function DetailsStep({ form, onChange, onBack, onCreated }: DetailsProps) {
  const [errors, setErrors] = useState<FormErrors>({});
  const client = useQueryClient();
  const idempotencyKey = useIdempotencyKey();
  const create = useMutation({
    mutationFn: () => {
      const body = creationBody(form);
      return channels.create(body, idempotencyKey(body));
    },
    onSuccess: (channel) => {
      void client.invalidateQueries({ queryKey: keys.channels });
      onCreated(channel);
    },
  });
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const found = checkForm(form);
    setErrors(found);
    if (Object.keys(found).length === 0) create.mutate();
  };
  const problem = create.error ? asProblem(create.error) : null;
  const formRef = useFirstError(errors, create.error);
  return (
    <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
      {problem && <ProblemNotice title={m.channels.createFailed} problem={problem} />}
      <ChannelFields form={form} errors={errors} problem={problem} editing={false} onChange={onChange} />
      {form.provider === "smtp_imap" && (
        <TestConnection
          run={async () => {
            const found = checkForm(form);
            setErrors(found);
            if (Object.keys(found).length > 0) throw new Problem(422, { detail: m.channels.testIncomplete });
            return channels.testNew(creationBody(form));
          }}
        />
      )}
      <div className={styles.buttons}>
        <Button onClick={onBack}>{m.back}</Button>
        <Button type="submit" variant="primary" disabled={create.isPending}>
          {create.isPending ? m.channels.creating : m.channels.createNow}
        </Button>
      </div>
    </form>
  );
}

function DoneStep({ channel }: { channel: Channel }) {
  return (
    <div className={styles.stack}>
      <h2>{m.channels.doneTitle(channel.name)}</h2>
      <p>{m.channels.receivingText}</p>
      <CopyField value={channel.inboundAddress} label={m.channels.receiving} />
      <WaitForMail channelId={channel.id} />
      <div>
        <SampleMail channel={channel} />
      </div>
      <TryIt channel={channel} />
      <div className={styles.buttons}>
        <LinkButton href={`/channels/${channel.id}`}>{m.channels.editTitle}</LinkButton>
        <LinkButton href="/conversations">{m.channels.finish}</LinkButton>
      </div>
    </div>
  );
}
