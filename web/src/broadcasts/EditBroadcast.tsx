/** Changes a broadcast that has not started. */

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { broadcasts } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { BroadcastWithContent } from "../api/types";
import { m } from "../i18n";
import { Page } from "../shell/Page";
import { Gone } from "../ui/Gone";
import { ListSkeleton } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { BroadcastEditor } from "./BroadcastEditor";
import { formOf } from "./form";
import { actsOn } from "./progress";

export default function EditBroadcast({ id }: { id: string }) {
  const up = { href: `/broadcasts/${id}`, label: m.broadcasts.backToOne };
  // What was read before is no ground for changes: it is read anew whenever the page is opened.
  const broadcast = useQuery({
    queryKey: keys.broadcastContent(id),
    queryFn: ({ signal }) => broadcasts.get(id, signal),
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  if (broadcast.data) {
    if (actsOn(broadcast.data).edit) return <Loaded broadcast={broadcast.data} up={up} />;
    return <Gone title={m.broadcasts.hasStarted} back={up} />;
  }
  if (broadcast.isPending) {
    return (
      <Page title={m.loading} up={up}>
        <ListSkeleton rows={5} />
      </Page>
    );
  }
  const problem = asProblem(broadcast.error);
  if (problem.status === 404) return <Gone title={m.broadcasts.notFound} back={{ href: "/broadcasts", label: m.broadcasts.back }} />;
  return (
    <Page title={m.broadcasts.edit} up={up}>
      <ProblemNotice title={m.broadcasts.oneFailed} problem={problem} onRetry={() => void broadcast.refetch()} />
    </Page>
  );
}

function Loaded({ broadcast, up }: { broadcast: BroadcastWithContent; up: { href: string; label: string } }) {
  const [begun] = useState(() => formOf(broadcast));
  return <BroadcastEditor title={m.broadcasts.edit} up={up} begun={begun} existing={broadcast} />;
}
