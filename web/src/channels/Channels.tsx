/** The list of channels. */

import { Link } from "wouter";
import { useChannels } from "../conversations/queries";
import { m } from "../i18n";
import { useSession } from "../session/useSession";
import { Page } from "../shell/Page";
import { Badge, Breakable, EmptyState } from "../ui/bits";
import { LinkButton } from "../ui/Button";
import { listStyles, ResourceList } from "../ui/list";

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
      <ResourceList
        query={channels}
        failed={m.channels.failed}
        empty={
          <EmptyState icon="channel" title={m.channels.empty} text={m.channels.emptyText}>
            {create}
          </EmptyState>
        }
      >
        {(channel) => (
          <Link href={`/channels/${channel.id}`} className={listStyles.row ?? ""}>
            <span className={listStyles.main}>
              <strong>{channel.name}</strong>
              <span className={listStyles.sub}>
                <Breakable text={channel.emailAddress ?? channel.inboundAddress} />
              </span>
            </span>
            <span className={listStyles.side}>
              <span>{m.channels.providers[channel.provider]}</span>
              <Badge tone={channel.status === "connected" ? "ok" : "danger"}>{m.channels.status[channel.status]}</Badge>
            </span>
          </Link>
        )}
      </ResourceList>
    </Page>
  );
}
