import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, it, vi } from "vitest";
import { createAskAgain } from "./askAgain";

/** A server whose answers are given out by hand. */
function manualServer() {
  const waiting: ((answer: number) => void)[] = [];
  return {
    ask: vi.fn(() => new Promise<number>((resolve) => waiting.push(resolve))),
    answer: async (value: number) => {
      await vi.waitFor(() => expect(waiting.length).toBeGreaterThan(0));
      waiting.shift()?.(value);
    },
  };
}

function watched() {
  const client = new QueryClient();
  const server = manualServer();
  const observer = new QueryObserver(client, { queryKey: ["x"], queryFn: server.ask });
  const stop = observer.subscribe(() => undefined);
  return { client, server, observer, stop, askAgain: createAskAgain(client) };
}

it("an event during the very first request is followed by another", async () => {
  const { server, observer, stop, askAgain } = watched();
  const done = askAgain(["x"]);
  await server.answer(1);
  await server.answer(2);
  await done;
  expect(observer.getCurrentResult().data).toBe(2);
  stop();
});

it("many events while one is asked for are answered by one more request", async () => {
  const { server, observer, stop, askAgain } = watched();
  await server.answer(1);
  await vi.waitFor(() => expect(observer.getCurrentResult().data).toBe(1));
  const done = [askAgain(["x"]), askAgain(["x"]), askAgain(["x"])];
  await server.answer(2);
  await server.answer(3);
  await Promise.all(done);
  expect(observer.getCurrentResult().data).toBe(3);
  expect(server.ask).toHaveBeenCalledTimes(3);
  stop();
});

it("what nobody looks at is not asked for, only marked", async () => {
  const { client, server, observer, stop, askAgain } = watched();
  await server.answer(1);
  await vi.waitFor(() => expect(observer.getCurrentResult().data).toBe(1));
  stop();
  await askAgain(["x"]);
  expect(server.ask).toHaveBeenCalledTimes(1);
  expect(client.getQueryState(["x"])?.isInvalidated).toBe(true);
});
