/** One automation: to change, to try, and what it did. */

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { automations } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Automation } from "../api/types";
import { m } from "../i18n";
import { Page } from "../shell/Page";
import { Gone } from "../ui/Gone";
import { ListSkeleton } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { AutomationEditor } from "./AutomationEditor";
import { formOf } from "./form";

const UP = { href: "/automations", label: m.automations.title };

export default function AutomationDetail({ id }: { id: string }) {
  const automation = useQuery({
    queryKey: keys.automation(id),
    queryFn: ({ signal }) => automations.get(id, signal),
    refetchOnWindowFocus: false,
  });
  if (automation.data) return <Loaded automation={automation.data} />;
  if (automation.isPending) {
    return (
      <Page title={m.loading} up={UP}>
        <ListSkeleton rows={5} />
      </Page>
    );
  }
  const problem = asProblem(automation.error);
  if (problem.status === 404) return <Gone title={m.automations.notFound} back={{ href: UP.href, label: m.automations.back }} />;
  return (
    <Page title={m.automations.title} up={UP}>
      <ProblemNotice title={m.automations.oneFailed} problem={problem} onRetry={() => void automation.refetch()} />
    </Page>
  );
}

function Loaded({ automation }: { automation: Automation }) {
  const [begun] = useState(() => formOf(automation));
  return <AutomationEditor begun={begun} existing={automation} />;
}
