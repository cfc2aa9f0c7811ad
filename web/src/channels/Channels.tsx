/** The list of channels. */

import { Link } from "wouter";
import { useChannels } from "../conversations/queries";
import { m } from "../i18n";
import { useSession } from "../session/useSession";
import { ResourcePage } from "../shell/ResourcePage";
import { Badge, Breakable } from "../ui/bits";
import { LinkButton } from "../ui/Button";
import { listStyles } from "../ui/list";

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
    <ResourcePage
      texts={m.channels}
      icon="channel"
      query={channels}
      create={create}
      row={(channel) => (
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
    />
  );
}
