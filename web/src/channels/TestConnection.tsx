/** Test Connection: every step of it as it stands, and for the one that failed what to do. */

import { useMutation } from "@tanstack/react-query";
import { asProblem } from "../api/problem";
import type { TestResult, TestStep } from "../api/types";
import { sentence } from "../format/text";
import { m } from "../i18n";
import { Button, classNames } from "../ui/Button";
import { Icon, type IconName } from "../ui/Icon";
import { ProblemNotice } from "../ui/ProblemNotice";
import type { ChannelForm } from "./form";
import styles from "./channels.module.css";

type Props = {
  /** What is tested: another form, and the last result no longer holds. */
  form: ChannelForm;
  run: () => Promise<TestResult>;
  primary?: boolean;
  onResult?: (passed: boolean) => void;
};

/** The steps there will be. Those of SMTP and IMAP go on beside each other. */
function expected(form: ChannelForm): string[] {
  const smtp = ["smtp.connect", "smtp.tls", "smtp.auth"];
  return form.imapHost.trim() ? [...smtp, "imap.connect", "imap.tls", "imap.auth", "imap.list"] : smtp;
}

function connectionOf(form: ChannelForm): string {
  const { smtpHost, smtpPort, smtpSecurity, imapHost, imapPort, imapSecurity, username, password } = form;
  return JSON.stringify([smtpHost, smtpPort, smtpSecurity, imapHost, imapPort, imapSecurity, username, password]);
}

export function TestConnection({ form, run, primary, onResult }: Props) {
  const test = useMutation({
    mutationFn: async (tested: { connection: string; names: string[] }) => ({ ...tested, result: await run() }),
    onSuccess: ({ result }) => onResult?.(result.ok),
    onError: () => onResult?.(false),
  });
  const outdated = test.data !== undefined && test.data.connection !== connectionOf(form);
  return (
    <div className={styles.test}>
      <div className={styles.testHead}>
        <Button
          icon="bolt"
          variant={primary ? "primary" : "default"}
          disabled={test.isPending}
          onClick={() => test.mutate({ connection: connectionOf(form), names: expected(form) })}
        >
          {test.isPending ? m.channels.testing : m.channels.test}
        </Button>
        <span className="muted small">{outdated && !test.isPending ? m.setUp.testOld : m.setUp.testFirst}</span>
      </div>
      {test.error && <ProblemNotice title={m.channels.testFailed} problem={asProblem(test.error)} />}
      <div role="status" className={styles.testResult}>
        {test.isPending && <Steps names={test.variables.names} running />}
        {test.data && !test.isPending && !outdated && <Result names={test.data.names} result={test.data.result} />}
      </div>
    </div>
  );
}

const nameOf = (name: string) => m.channels.stepNames[name] ?? name;

function Result({ names, result }: { names: string[]; result: TestResult }) {
  const failed = result.steps.find((step) => !step.ok);
  return (
    <>
      <p className={classNames(styles.verdict, result.ok ? styles.good : styles.bad)}>
        <Icon name={result.ok ? "check" : "warning"} size={17} />
        {failed ? m.setUp.testBad(nameOf(failed.name)) : m.setUp.testOk}
      </p>
      <Steps names={names} steps={result.steps} />
    </>
  );
}

type StepsProps = { names: string[]; steps?: TestStep[]; running?: boolean };

function Steps({ names, steps = [], running }: StepsProps) {
  // What the server tested besides what was expected is shown too.
  const all = [...new Set([...names, ...steps.map((step) => step.name)])];
  return (
    <ol className={styles.steps}>
      {all.map((name) => (
        <Step key={name} name={name} step={steps.find((step) => step.name === name)} running={running} />
      ))}
    </ol>
  );
}

function Step({ name, step, running }: { name: string; step: TestStep | undefined; running: boolean | undefined }) {
  const state = step ? (step.ok ? "passed" : "failed") : running ? "running" : "skipped";
  const icons: Record<typeof state, IconName> = { passed: "check", failed: "close", running: "dot", skipped: "dot" };
  const words = { passed: m.setUp.testPasses, failed: m.setUp.testFails, running: m.setUp.testWaits, skipped: m.setUp.testNotReached };
  return (
    <li data-state={state}>
      <span className={styles.mark}>
        <Icon name={icons[state]} size={16} />
      </span>
      <span className={styles.stepWords}>
        <span>
          <strong>{nameOf(name)}</strong> <span className={state === "skipped" ? "muted small" : "visually-hidden"}>{words[state]}</span>
          {step && <span className="muted small"> {m.webhooks.milliseconds(step.durationMs)}</span>}
        </span>
        {step?.hint && (
          <span className={styles.hint} data-failed={!step.ok || undefined}>
            {!step.ok && <strong>{m.setUp.testWhatToDo}: </strong>}
            {sentence(step.hint)}
          </span>
        )}
        {step?.detail && (
          <span className={styles.stepDetail}>
            <span className="visually-hidden">{m.setUp.testSaid}: </span>
            <code>{step.detail}</code>
          </span>
        )}
      </span>
    </li>
  );
}
