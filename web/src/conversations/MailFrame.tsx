/**
 * HTML mail, in a frame with an opaque origin: the document comes sanitised from the server with a CSP of its own,
 * and one script that tells its height and marks the words that were searched for, which it is told. Nothing in it reaches this page, and nothing remote loads until asked.
 */

import { useEffect, useRef, useState } from "react";
import { messages } from "../api/endpoints";
import { m } from "../i18n";
import { useColorScheme } from "../settings/useColorScheme";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { useSearchTerms } from "./Highlighted";
import styles from "./Message.module.css";

const HEIGHT_PX_FIRST = 140;
const HEIGHT_PX_MAX = 20_000;

/** Heights seen before, so that going back and forth does not jump. */
const heights = new Map<string, number>();

type FrameMessage = { height: number; blocked: number };

function readFrameMessage(data: unknown): FrameMessage | null {
  if (typeof data !== "object" || data === null) return null;
  const { type, height, remoteImagesBlocked } = data as Record<string, unknown>;
  if (type !== "postroom:height" || typeof height !== "number" || !Number.isFinite(height)) return null;
  return { height, blocked: typeof remoteImagesBlocked === "number" ? remoteImagesBlocked : 0 };
}

export function MailFrame({ messageId, title }: { messageId: string; title: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [remote, setRemote] = useState(false);
  const terms = useSearchTerms();
  const colorScheme = useColorScheme();
  const [height, setHeight] = useState(heights.get(messageId) ?? HEIGHT_PX_FIRST);
  const [blocked, setBlocked] = useState(0);

  useEffect(() => {
    const onMessage = (event: MessageEvent<unknown>) => {
      // Only our own frame is listened to; its opaque origin says “null”.
      if (event.source !== frame.current?.contentWindow) return;
      const said = readFrameMessage(event.data);
      if (!said) return;
      // It is there and listens.
      if (terms.length > 0) frame.current?.contentWindow?.postMessage({ type: "postroom:highlight", terms }, "*");
      const next = Math.min(Math.max(Math.ceil(said.height), 24), HEIGHT_PX_MAX);
      heights.set(messageId, next);
      setHeight(next);
      setBlocked(said.blocked);
    };
    window.addEventListener("message", onMessage);
    return () => window.removeEventListener("message", onMessage);
  }, [messageId, terms]);

  useEffect(() => {
    frame.current?.contentWindow?.postMessage({ type: "postroom:highlight", terms }, "*");
  }, [terms]);

  return (
    <>
      {blocked > 0 && !remote && (
        <div className={styles.bar}>
          <Icon name="image" size={16} />
          <p>{m.message.remoteBlocked(blocked)}</p>
          <Button small onClick={() => setRemote(true)}>
            {m.message.loadRemote}
          </Button>
        </div>
      )}
      <iframe
        ref={frame}
        className={styles.frame}
        title={title}
        sandbox="allow-scripts allow-popups allow-popups-to-escape-sandbox"
        referrerPolicy="no-referrer"
        src={messages.htmlUrl(messageId, remote, colorScheme)}
        style={{ height }}
      />
    </>
  );
}
