/** What an automation would do with past mail, as it stands on the page. Changes nothing. */

import { useMutation } from "@tanstack/react-query";
import { Link } from "wouter";
import { automations } from "../api/endpoints";
import { asProblem } from "../api/problem";
import type { AutomationTest } from "../api/types";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { Section } from "../shell/Page";
import { Breakable } from "../ui/bits";
import { Button } from "../ui/Button";
import { listStyles } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import styles from "./automations.module.css";
import { ruleOf, type AutomationForm } from "./form";
import { Steps } from "./Steps";

const TAKE = 200;

type Props = { form: AutomationForm; check: (next: () => void) => void };

export function DryRun({ form, check }: Props) {
  const tried = useMutation({ mutationFn: () => automations.test({ ...ruleOf(form), take: TAKE }) });
  return (
    <Section title={m.automations.tryIt}>
      <p className={styles.lead}>{m.automations.tryText}</p>
      <Button icon="play" disabled={tried.isPending} onClick={() => check(() => tried.mutate())}>
        {tried.isPending ? m.automations.trying : m.automations.tryIt}
      </Button>
      {tried.error && <ProblemNotice title={m.automations.tryFailed} problem={asProblem(tried.error)} />}
      {tried.data && <Found found={tried.data} />}
    </Section>
  );
}

function Found({ found }: { found: AutomationTest }) {
  const { matches, matched, lookedAt } = found;
  return (
    <div className={styles.found}>
      <p role="status" className={styles.count}>
        {lookedAt === 0 ? m.automations.noMail : m.automations.tried(matched, lookedAt)}
        {matched > matches.length && ` ${m.automations.triedOthers(matches.length)}`}
      </p>
      {matches.length > 0 && (
        <ul className={listStyles.list} aria-label={m.automations.tryIt}>
          {matches.map((each) => (
            <li key={each.messageId ?? each.conversationId}>
              <div className={listStyles.row}>
                <span className={listStyles.main}>
                  <Link href={`/conversations/${each.conversationId}`} className={styles.subject ?? ""}>
                    {each.subject || m.automations.noSubject}
                  </Link>
                  <span className={listStyles.sub}>
                    <Breakable text={each.from || m.automations.noSender} /> · {longTime(each.at)}
                  </span>
                  <Steps steps={each.steps} wouldBe />
                </span>
              </div>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
