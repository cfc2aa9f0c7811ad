import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ServerDraft } from "../api/types";
import { contentOf, discardDraft, EMPTY_DRAFT, loadDraft, saveDraft, type Draft } from "./drafts";
import { draftFrom, fingerprint, judge, startDraftSync, type DraftSync } from "./draftSync";

const USER = "usr_1";
const PLACE = "conv_1";
const KEY = `${USER}.${PLACE}`;

const remote = (text: string, version: number): ServerDraft => ({
  conversationId: PLACE,
  version,
  content: contentOf({ ...EMPTY_DRAFT, text }),
  updatedAt: "2026-01-01T00:00:00.000Z",
});

describe("of a draft here and another on the server", () => {
  const local: Draft = { ...EMPTY_DRAFT, text: "mine", version: 3, dirty: true };
  it.each([
    ["what was not changed here gives way", { ...local, dirty: false }, remote("theirs", 4), "take"],
    ["nothing here gives way", EMPTY_DRAFT, remote("theirs", 4), "take"],
    ["the same words are the same draft", local, remote("mine", 4), "stamp"],
    ["what it was made of is followed by it", local, remote("before", 3), "push"],
    ["one's own words of a moment ago are followed by it", { ...local, pushed: draftFrom(remote("mi", 4)).pushed }, remote("mi", 4), "push"],
    ["two changes at once are for a person to decide", local, remote("theirs", 4), "conflict"],
  ] as const)("%s", (_, here, there, verdict) => {
    expect(judge(here, draftFrom(there))).toBe(verdict);
  });
  it("has a fingerprint that another has not", () => {
    expect(fingerprint("ab")).not.toBe(fingerprint("ba"));
  });
});

describe("the sync", () => {
  /** A server of one place, that answers as the real one does. */
  let stored: ServerDraft | null;
  let calls: string[];
  let sync: DraftSync;

  const answer = (status: number, body?: unknown) => new Response(body === undefined ? null : JSON.stringify(body), { status });
  const settle = () => vi.advanceTimersByTimeAsync(5_000);

  beforeEach(() => {
    vi.useFakeTimers();
    localStorage.clear();
    stored = null;
    calls = [];
    vi.stubGlobal("fetch", async (url: string, { method, body }: { method: string; body?: string }) => {
      const path = url.replace("/api/v1", "");
      calls.push(`${method} ${path}`);
      if (path.startsWith("/drafts?")) return answer(200, { items: stored ? [stored] : [], cursor: "" });
      if (method === "GET") return stored ? answer(200, stored) : answer(404, { detail: "none" });
      if (method === "DELETE") {
        stored = null;
        return answer(204);
      }
      const { version, content } = JSON.parse(body ?? "{}") as { version: number; content: ServerDraft["content"] };
      if ((stored?.version ?? 0) !== version) return answer(409, { detail: "changed" });
      stored = { ...remote("", version + 1), content };
      return answer(200, stored);
    });
  });
  afterEach(() => {
    sync.stop();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it("brings to the server what is written here, and takes it away when it is sent", async () => {
    sync = startDraftSync(USER);
    saveDraft(KEY, { ...EMPTY_DRAFT, text: "Dear" }, 1);
    await settle();
    expect(stored?.content.text).toBe("Dear");
    expect(loadDraft(KEY)).toMatchObject({ version: 1, dirty: false });
    saveDraft(KEY, { ...loadDraft(KEY), text: "Dear Ada" }, 2);
    await settle();
    expect(stored).toMatchObject({ version: 2 });
    discardDraft(KEY);
    await settle();
    expect(stored).toBeNull();
  });

  it("brings nothing back that was sent here before the server heard of it", async () => {
    sync = startDraftSync(USER);
    saveDraft(KEY, { ...EMPTY_DRAFT, text: "Dear" }, 1);
    await settle();
    const server = fetch;
    vi.stubGlobal("fetch", async () => {
      throw new TypeError("no network");
    });
    discardDraft(KEY);
    await vi.advanceTimersByTimeAsync(10);
    sync.stop();
    vi.stubGlobal("fetch", server);
    sync = startDraftSync(USER);
    await settle();
    expect(loadDraft(KEY)).toEqual(EMPTY_DRAFT);
    expect(stored).toBeNull();
    // What is written on another device afterwards is another draft.
    stored = remote("from the phone", 9);
    sync.signal(PLACE, 9);
    await settle();
    expect(loadDraft(KEY).text).toBe("from the phone");
  });

  it("shows what was written elsewhere, at the start and when it is told", async () => {
    stored = remote("from the phone", 7);
    sync = startDraftSync(USER);
    await settle();
    expect(loadDraft(KEY)).toMatchObject({ text: "from the phone", version: 7 });
    stored = remote("longer, from the phone", 8);
    sync.signal(PLACE, 8);
    await settle();
    expect(loadDraft(KEY).text).toBe("longer, from the phone");
    stored = null;
    sync.signal(PLACE, 0);
    await settle();
    expect(loadDraft(KEY)).toEqual(EMPTY_DRAFT);
  });

  it("lets a person decide between two changes made at once, and loses neither until then", async () => {
    stored = remote("begun", 1);
    sync = startDraftSync(USER);
    await settle();
    stored = remote("theirs", 2);
    saveDraft(KEY, { ...loadDraft(KEY), text: "mine" }, 1);
    await settle();
    expect(sync.conflictAt(PLACE)?.content.text).toBe("theirs");
    expect([stored.content.text, loadDraft(KEY).text]).toEqual(["theirs", "mine"]);
    sync.keepMine(PLACE);
    await settle();
    expect(stored).toMatchObject({ version: 3, content: { text: "mine" } });
    expect(sync.conflictAt(PLACE)).toBeUndefined();
  });

  it("keeps what was written here when the draft was sent elsewhere meanwhile", async () => {
    stored = remote("begun", 1);
    sync = startDraftSync(USER);
    await settle();
    stored = null;
    saveDraft(KEY, { ...loadDraft(KEY), text: "begun, and more" }, 1);
    await settle();
    await settle();
    expect(loadDraft(KEY).text).toBe("begun, and more");
    expect(stored).toMatchObject({ content: { text: "begun, and more" } });
  });

  it("tries again while the server is away, without a storm", async () => {
    const server = fetch;
    sync = startDraftSync(USER);
    await settle();
    vi.stubGlobal("fetch", async (url: string) => {
      calls.push(`away ${url}`);
      throw new TypeError("no network");
    });
    saveDraft(KEY, { ...EMPTY_DRAFT, text: "offline" }, 1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(calls.filter((call) => call.startsWith("away")).length).toBeLessThan(6);
    vi.stubGlobal("fetch", server);
    await vi.advanceTimersByTimeAsync(61_000);
    expect(stored?.content.text).toBe("offline");
  });
});
