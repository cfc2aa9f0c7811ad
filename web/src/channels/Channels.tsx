/** The list of channels. */

import { Link } from "wouter";
import { asProblem } from "../api/problem";
import { useChannels } from "../conversations/queries";
import { m } from "../i18n";
import { useSession } from "../session/useSession";
import { Page } from "../shell/Page";
import { Badge, EmptyState } from "../ui/bits";
import { LinkButton } from "../ui/Button";
import { ListSkeleton, listStyles } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";

export default function Channels() {
  const channels = useChannels();
  const { user } = useSession();
  // Only administrators create inboxes; the server holds everybody else to it too.
  const create = user.role === "admin" && (
    <LinkButton variant="primary" icon="plus" href="/channels/new">
      {m.channels.create}
    </LinkButton>
  );
  return (
    <Page title={m.channels.title} lead={m.channels.lead} actions={create}>
      {channels.isPending && <ListSkeleton />}
      {channels.isError && (
        <ProblemNotice
          title={m.channels.failed}
          problem={asProblem(channels.error)}
          onRetry={() => void channels.refetch()}
        />
      )}
      {channels.data?.length === 0 && (
        <EmptyState icon="channel" title={m.channels.empty} text={m.channels.emptyText}>
          {create}
        </EmptyState>
      )}
      {channels.data && channels.data.length > 0 && (
        <ul className={listStyles.list}>
          {channels.data.map((channel) => (
            <li key={channel.id}>
              <Link href={`/channels/${channel.id}`} className={listStyles.row ?? ""}>
                <span className={listStyles.main}>
                  <strong>{channel.name}</strong>
                  <span className={listStyles.sub}>{channel.emailAddress ?? channel.inboundAddress}</span>
                </span>
                <span className={listStyles.side}>
                  <span>{m.channels.providers[channel.provider]}</span>
                  <Badge tone={channel.status === "connected" ? "ok" : "danger"}>{m.channels.status[channel.status]}</Badge>
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Page>
  );
}
