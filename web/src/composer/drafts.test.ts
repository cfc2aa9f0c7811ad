import { beforeEach, describe, expect, it } from "vitest";
import {
  discardDraft,
  DRAFT_DAYS_MAX,
  draftStorageKey,
  dropOldDrafts,
  EMPTY_DRAFT,
  hasDraft,
  loadDraft,
  onDraftChange,
  parseDraft,
  saveDraft,
  withoutBody,
} from "./drafts";

class FullStorage {
  length = 0;
  key = () => null;
  getItem = () => null;
  setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  removeItem = () => undefined;
}

beforeEach(() => localStorage.clear());

describe("a draft", () => {
  it("is there again after it was saved", () => {
    saveDraft("conv_1", { ...EMPTY_DRAFT, text: "Dear", html: "<p>Dear</p>", cc: ["a@example.org"] }, 5);
    expect(loadDraft("conv_1")).toEqual({ ...EMPTY_DRAFT, text: "Dear", html: "<p>Dear</p>", cc: ["a@example.org"], savedAt: 5, dirty: true });
    expect(loadDraft("conv_2")).toEqual(EMPTY_DRAFT);
  });
  it("leaves nothing behind when it is emptied or discarded", () => {
    saveDraft("conv_1", { ...EMPTY_DRAFT, text: "Dear" }, 1);
    saveDraft("conv_1", { ...EMPTY_DRAFT, mode: "note" }, 2);
    expect(localStorage.length).toBe(0);
    saveDraft("conv_1", { ...EMPTY_DRAFT, note: "see" }, 3);
    discardDraft("conv_1");
    expect(loadDraft("conv_1")).toEqual(EMPTY_DRAFT);
  });
  it("keeps the answer when its note is done, and the note when its answer is", () => {
    const both = { ...EMPTY_DRAFT, mode: "note" as const, text: "Dear", html: "<p>Dear</p>", to: ["a@b.c"], note: "ask Bob" };
    expect(withoutBody(both, "note")).toEqual({ ...both, mode: "reply", note: "" });
    expect(withoutBody({ ...both, mode: "reply" }, "reply")).toEqual({ ...EMPTY_DRAFT, mode: "note", note: "ask Bob" });
    expect(withoutBody({ ...EMPTY_DRAFT, mode: "note", note: "x" }, "note")).toEqual({ ...EMPTY_DRAFT, mode: "note" });
  });
  it("tells whoever shows it that it changed", () => {
    const changed: [string, boolean][] = [];
    const stop = onDraftChange((key) => changed.push([key, hasDraft(key)]));
    saveDraft("conv_1", { ...EMPTY_DRAFT, text: "x" }, 1);
    discardDraft("conv_1");
    stop();
    saveDraft("conv_1", { ...EMPTY_DRAFT, text: "y" }, 2);
    expect(changed).toEqual([
      ["conv_1", true],
      ["conv_1", false],
    ]);
  });
  it("lasts as long as the page where storage is full", () => {
    const full = new FullStorage();
    saveDraft("conv_9", { ...EMPTY_DRAFT, text: "kept" }, 1, full);
    expect(loadDraft("conv_9", full).text).toBe("kept");
    discardDraft("conv_9", full);
    expect(loadDraft("conv_9", full)).toEqual(EMPTY_DRAFT);
  });
  it("of an older version gets what it lacks; rubbish is no draft", () => {
    expect(parseDraft('{"text":"x"}')).toEqual({ ...EMPTY_DRAFT, text: "x" });
    expect(parseDraft('{"text":"x","files":["a.txt"]}')).toEqual({ ...EMPTY_DRAFT, text: "x" });
    expect(parseDraft("{")).toBeNull();
    expect(parseDraft("7")).toBeNull();
    expect(parseDraft(null)).toBeNull();
  });
  it("nobody came back to is dropped in the end, other entries stay", () => {
    const day = 24 * 60 * 60 * 1_000;
    saveDraft("old", { ...EMPTY_DRAFT, text: "x" }, day);
    saveDraft("new", { ...EMPTY_DRAFT, text: "y" }, (DRAFT_DAYS_MAX + 1) * day);
    localStorage.setItem("postroom.theme", "dark");
    dropOldDrafts((DRAFT_DAYS_MAX + 2) * day);
    expect(localStorage.getItem(draftStorageKey("old"))).toBeNull();
    expect(localStorage.getItem(draftStorageKey("new"))).not.toBeNull();
    expect(localStorage.getItem("postroom.theme")).toBe("dark");
  });
});
