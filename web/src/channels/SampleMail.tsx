/** Sends a real mail through the channel's own way in by HTTP: what arrives has gone the whole way. */

import { useMutation } from "@tanstack/react-query";
import { asProblem, offline, problemOf } from "../api/problem";
import type { Channel } from "../api/types";
import { m } from "../i18n";
import { Button } from "../ui/Button";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast } from "../ui/toast";
import { sampleMail } from "./commandLines";

export function SampleMail({ channel }: { channel: Channel }) {
  const sample = useMutation({
    mutationFn: async () => {
      const { pathname, search } = new URL(channel.webhookUrl, window.location.origin);
      const body = sampleMail(channel.inboundAddress, new Date(), `sample-${Date.now()}`);
      const response = await fetch(pathname + search, {
        method: "POST",
        headers: { "content-type": "message/rfc822" },
        credentials: "omit",
        body,
      }).catch(() => {
        throw offline();
      });
      if (!response.ok) throw await problemOf(response);
    },
    onSuccess: () => toast(m.start.sampleSent),
  });
  return (
    <>
      <Button icon="send" disabled={sample.isPending} onClick={() => sample.mutate()}>
        {m.start.sample}
      </Button>
      {sample.error && <ProblemNotice title={m.start.sampleFailed} problem={asProblem(sample.error)} />}
    </>
  );
}
