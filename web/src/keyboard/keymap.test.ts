import { describe, expect, it } from "vitest";
import { interpret, OVERVIEW, SEQUENCE_MS_MAX, type Pending, type Press } from "./keymap";

const press = (key: string, change: Partial<Press> = {}): Press => ({
  key,
  ctrl: false,
  meta: false,
  alt: false,
  typing: false,
  onControl: false,
  atMs: 0,
  ...change,
});

describe("single keys", () => {
  it.each([
    ["j", "next"],
    ["k", "previous"],
    ["o", "open"],
    ["Enter", "open"],
    ["e", "resolve"],
    ["r", "reply"],
    ["n", "note"],
    ["a", "assign"],
    ["u", "back"],
    ["/", "search"],
    ["c", "compose"],
    ["?", "help"],
    ["x", "select"],
    ["J", "selectNext"],
    ["U", "toggleUnread"],
    ["y", null],
  ])("%s is %s", (key, command) => {
    expect(interpret(null, press(key)).command).toBe(command);
  });
  it("are letters where somebody types", () => {
    expect(interpret(null, press("r", { typing: true })).command).toBeNull();
  });
  it("are the browser's with a modifier", () => {
    expect(interpret(null, press("r", { ctrl: true })).command).toBeNull();
    expect(interpret(null, press("c", { meta: true })).command).toBeNull();
  });
  it("leave Enter to the button that has the focus", () => {
    expect(interpret(null, press("Enter", { onControl: true })).command).toBeNull();
    expect(interpret(null, press("o", { onControl: true })).command).toBe("open");
  });
});

describe("the palette", () => {
  it("opens while typing too, with either modifier", () => {
    expect(interpret(null, press("k", { ctrl: true, typing: true })).command).toBe("palette");
    expect(interpret(null, press("K", { meta: true })).command).toBe("palette");
  });
});

describe("sequences after g", () => {
  const begun = interpret(null, press("g")).pending;
  it.each([
    ["i", "goInbox"],
    ["c", "goChannels"],
    ["w", "goWebhooks"],
    ["o", "goOutbox"],
    ["k", "goKeys"],
    ["m", "goMessages"],
    ["b", "goBroadcasts"],
    ["l", "goLists"],
    ["d", "goDomains"],
    ["s", "goSuppressions"],
    ["a", "goAnalytics"],
    ["t", "goTemplates"],
    ["n", "goMentions"],
    ["3", "goView3"],
    ["p", "goPeople"],
    ["u", "goContacts"],
  ])("g %s is %s", (key, command) => {
    expect(interpret(begun, press(key, { atMs: 300 }))).toEqual({ pending: null, command });
  });
  it("end when the second key comes too late", () => {
    expect(interpret(begun, press("c", { atMs: SEQUENCE_MS_MAX + 1 })).command).toBe("compose");
  });
  it("end with a key that means nothing there", () => {
    const result = interpret(begun, press("e", { atMs: 10 }));
    expect(result).toEqual({ pending: null as Pending, command: "resolve" });
  });
  it("do not begin where somebody types", () => {
    expect(interpret(null, press("g", { typing: true })).pending).toBeNull();
  });
});

it("the overview shows the keys that work", () => {
  for (const { keys } of OVERVIEW) {
    for (const [name, ways] of keys) {
      if (name === "send" || name === "sendAndResolve" || name === "escape") continue;
      for (const way of ways) {
        let pending: Pending = null;
        let command = null;
        for (const key of way[0] === "Ctrl" ? way.slice(1) : way) {
          ({ pending, command } = interpret(pending, press(key, { ctrl: way[0] === "Ctrl" })));
        }
        expect(command, way.join(" ")).toBe(name);
      }
    }
  }
});

it("the overview leaves no key out", () => {
  const shown = new Set<string>(OVERVIEW.flatMap(({ keys }) => keys.map(([name]) => name)));
  const characters = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index));
  const meant = characters.flatMap((key) => [
    interpret(null, press(key)).command,
    interpret({ prefix: "g", atMs: 0 }, press(key)).command,
  ]);
  const missing = meant.filter((command) => command !== null && !shown.has(command) && !/^goView[2-9]$/.test(command));
  expect(missing).toEqual([]);
});
