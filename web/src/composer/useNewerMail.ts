/** Whether somebody wrote in a conversation since the person who writes here began: then they are told before they answer. */

import { useEffect, useRef, useState } from "react";
import type { Message } from "../api/types";

const isMail = (message: Message) => !message.private && message.content.type !== "note" && message.status !== "cancelled";

export type NewerMail = {
  /** The newest mail that was seen; none, where there is none. */
  seen: string | undefined;
  /** What came since. */
  newer: Message | undefined;
  /** It has been read: what is written is sent as it is. */
  acknowledge: () => void;
};

/** `writing`: something is in the draft. What this person sends themselves is nothing new to them. */
export function useNewerMail(messages: Message[], writing: boolean, myId: string): NewerMail {
  const mails = messages.filter(isMail);
  const newest = mails.at(-1);
  const [seen, setSeen] = useState(newest?.id);
  const began = useRef(writing);
  const own = newest?.authorId === myId && newest.direction === "outbound";
  useEffect(() => {
    // Before the first word everything on screen is seen.
    if (!writing || !began.current || own) setSeen(newest?.id);
    began.current = writing;
  }, [writing, own, newest?.id]);
  // What was seen last may have been taken back: what lies before it is no news.
  const isAfter = newest !== undefined && messages.indexOf(newest) > messages.findIndex((message) => message.id === seen);
  const newer = writing && !own && isAfter ? newest : undefined;
  return { seen: newer ? seen : newest?.id, newer, acknowledge: () => setSeen(newest?.id) };
}
