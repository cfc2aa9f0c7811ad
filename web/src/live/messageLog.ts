/** News for the log of messages: what is shown changes where it is, what is new is asked for from the top. Asks for one page at a time. */

import type { QueryClient } from "@tanstack/react-query";
import { messages } from "../api/endpoints";
import { keys } from "../api/keys";
import type { Message } from "../api/types";
import { queryFromFilter, type MessageFilter } from "../messages/filter";
import { joinNewest, replaceMessage, type LogData } from "../messages/logCache";

/** Between two looks for new messages: a broadcast tells of thousands. */
const LOOK_AGAIN_MS = 400;
/** As the log's own pages. */
const TAKE = 50;

export function createLogUpdater(client: QueryClient) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looking = false;
  let again = false;

  const look = async () => {
    timer = undefined;
    looking = true;
    again = false;
    const shown = client.getQueryCache().findAll({ queryKey: keys.messageLogs, type: "active" });
    for (const { queryKey } of shown) {
      const filter = queryKey[1] as MessageFilter;
      try {
        const newest = await messages.list({ ...queryFromFilter(filter, new Date()), take: TAKE });
        client.setQueryData<LogData>(queryKey, (data) => data && joinNewest(data, newest));
      } catch {
        // The page says so when it asks itself.
        void client.invalidateQueries({ queryKey });
      }
    }
    looking = false;
    if (again) lookSoon();
  };

  const lookSoon = () => {
    if (looking) again = true;
    else timer ??= setTimeout(() => void look(), LOOK_AGAIN_MS);
  };

  return {
    /** Something may have been sent. */
    lookSoon,
    changed(message: Message): void {
      for (const [queryKey, data] of client.getQueriesData<LogData>({ queryKey: keys.messageLogs })) {
        if (data) client.setQueryData(queryKey, replaceMessage(data, message, queryKey[1] as MessageFilter));
      }
      lookSoon();
    },
    stop(): void {
      clearTimeout(timer);
    },
  };
}
