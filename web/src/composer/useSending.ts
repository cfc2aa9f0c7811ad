/** Sends what a draft holds, once, however often it is asked for and wherever the page has gone meanwhile. */

import { useIsMutating, useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { Problem } from "../api/problem";
import type { DraftFile, Message } from "../api/types";
import { m } from "../i18n";
import { toastProblem } from "../ui/toast";
import { uploadsDone } from "./attachments";
import { loadDraft } from "./drafts";
import { attemptOf, type Attempt } from "./useIdempotencyKey";

/** By draft, so that a composer that was left and opened again goes on with the same attempt. */
const attempts = new Map<string, Attempt>();

type Options<Order, Body> = {
  draftKey: string;
  /** Throws a `Problem` where something is missing. */
  bodyOf: (order: Order, files: DraftFile[]) => Body;
  post: (body: Body, idempotencyKey: string) => Promise<Message>;
  onSent: (message: Message, order: Order) => void;
};

export function useSending<Order, Body>({ draftKey, bodyOf, post, onSent }: Options<Order, Body>) {
  const client = useQueryClient();
  const filter = { mutationKey: ["send", draftKey], exact: true };
  const here = useRef(true);
  useEffect(() => {
    here.current = true;
    return () => {
      here.current = false;
    };
  }, []);
  const mutation = useMutation({
    mutationKey: filter.mutationKey,
    mutationFn: async (order: Order) => {
      // Who sends while a file is on its way means it to go along.
      if (!(await uploadsDone(draftKey))) throw new Problem(422, { detail: m.composer.notUploaded });
      const body = bodyOf(order, loadDraft(draftKey).files);
      const attempt = attemptOf(body, attempts.get(draftKey));
      attempts.set(draftKey, attempt);
      return post(body, attempt.key);
    },
    onSuccess: (message, order) => {
      attempts.delete(draftKey);
      onSent(message, order);
    },
    // Beside what was written, where that is still on screen.
    onError: (error) => here.current || toastProblem(m.composer.failed, error),
  });
  return {
    error: mutation.error,
    reset: mutation.reset,
    busy: useIsMutating(filter) > 0,
    send: (order: Order) => {
      // Asked at the moment itself: two presses may come before anything is drawn again.
      if (client.isMutating(filter) === 0) mutation.mutate(order);
    },
  };
}
