/** What can be done with one message: hand it on, make a conversation of it, see its source. */

import { useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { conversations } from "../api/endpoints";
import { keys } from "../api/keys";
import type { Message, Page } from "../api/types";
import { forward } from "../composer/forwarding";
import { m } from "../i18n";
import { IconButton } from "../ui/Button";
import { Menu } from "../ui/Menu";
import { toast, toastProblem } from "../ui/toast";
import { useRegrouped } from "./useRegrouped";

export function MessageMenu({ message, onRaw }: { message: Message; onRaw: () => void }) {
  const client = useQueryClient();
  const regrouped = useRegrouped();
  const [, navigate] = useLocation();
  const { conversationId } = message;

  /** This one and what came after it, as far as it is on screen. */
  const fromHere = (): string[] => {
    const data = client.getQueryData<InfiniteData<Page<Message>>>(keys.messages(conversationId));
    const newestFirst = data?.pages.flatMap((page) => page.items) ?? [];
    const at = newestFirst.findIndex((item) => item.id === message.id);
    return newestFirst.slice(0, at + 1).map((item) => item.id);
  };
  const split = async () => {
    try {
      const made = await conversations.split(conversationId, fromHere());
      regrouped([conversationId, made.id]);
      navigate(`/conversations/${made.id}`);
      const back = async () => {
        try {
          await conversations.merge(conversationId, [made.id]);
          regrouped([conversationId, made.id]);
          navigate(`/conversations/${conversationId}`);
        } catch (error) {
          toastProblem(m.regroup.failed, error);
        }
      };
      toast(m.regroup.splitDone, { action: { label: m.undo, run: () => void back() } });
    } catch (error) {
      toastProblem(m.regroup.splitFailed, error);
    }
  };
  return (
    <Menu
      label={m.regroup.messageActions}
      items={[
        { label: m.composer.forward, icon: "forward", run: () => forward(message) },
        { label: m.regroup.split, icon: "split", run: () => void split() },
        { label: m.message.raw, icon: "code", run: onRaw },
      ]}
      trigger={(props) => <IconButton small icon="more" label={m.regroup.messageActions} {...props} />}
    />
  );
}
