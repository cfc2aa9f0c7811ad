import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, expect, it, vi } from "vitest";
import { keys } from "../api/keys";
import type { PostroomEvent, Session, User } from "../api/types";
import { createApplier } from "./apply";

const ME = "usr_me";

function event(type: string, data: object): PostroomEvent {
  return { id: "evt_1", type, event: type, timestamp: "2026-01-15T10:30:00.000Z", workspaceId: "ws_1", data } as PostroomEvent;
}

/** What is on screen, and how often it was asked for. */
function screen(shown: readonly (readonly unknown[])[]) {
  const client = new QueryClient();
  const asked = new Map<string, number>();
  const stops = shown.map((queryKey) => {
    const name = JSON.stringify(queryKey);
    const queryFn = () => {
      asked.set(name, (asked.get(name) ?? 0) + 1);
      return Promise.resolve([]);
    };
    return new QueryObserver(client, { queryKey, queryFn }).subscribe(() => undefined);
  });
  const applier = createApplier(client, ME);
  const times = (queryKey: readonly unknown[]) => asked.get(JSON.stringify(queryKey)) ?? 0;
  return { client, applier, times, stop: () => [applier.stop, ...stops].forEach((end) => end()) };
}

afterEach(() => vi.unstubAllGlobals());

it("what colleagues change of people, teams, notes and views is asked for again, and nothing else", async () => {
  const all = [keys.users, keys.teams, keys.channels, keys.views, keys.contactNotes("ct_1"), keys.contactNotes("ct_2")];
  const { applier, times, stop } = screen(all);
  await vi.waitFor(() => expect(all.map(times)).toEqual([1, 1, 1, 1, 1, 1]));
  applier.apply(event("user.created", { id: "usr_other" }));
  await vi.waitFor(() => expect(all.map(times)).toEqual([2, 1, 1, 1, 1, 1]));
  applier.apply(event("team.updated", { id: "team_1", name: "Help" }));
  await vi.waitFor(() => expect(all.map(times)).toEqual([2, 2, 1, 1, 1, 1]));
  // Channels gave it their mail.
  applier.apply(event("team.deleted", { id: "team_1" }));
  await vi.waitFor(() => expect(all.map(times)).toEqual([2, 3, 2, 1, 1, 1]));
  applier.views();
  await vi.waitFor(() => expect(all.map(times)).toEqual([2, 3, 2, 2, 1, 1]));
  applier.apply(event("contact.note_created", { id: "note_1", contactId: "ct_1", authorId: null }));
  await vi.waitFor(() => expect(all.map(times)).toEqual([2, 3, 2, 2, 2, 1]));
  stop();
});

it("what is changed of oneself is so in the session, which stays as it is otherwise", async () => {
  const { client, applier, stop } = screen([]);
  const user = { id: ME, name: "Ada", role: "agent" } as User;
  client.setQueryData(keys.session, { user, lastEventId: "evt_0" } as Session);
  const answer = new Response(JSON.stringify({ ...user, role: "admin" }), { headers: { "content-type": "application/json" } });
  vi.stubGlobal("fetch", vi.fn(() => Promise.resolve(answer)));
  applier.apply(event("user.updated", { id: ME }));
  await vi.waitFor(() => expect(client.getQueryData<Session>(keys.session)?.user.role).toBe("admin"));
  expect(client.getQueryData<Session>(keys.session)?.lastEventId).toBe("evt_0");
  stop();
});
