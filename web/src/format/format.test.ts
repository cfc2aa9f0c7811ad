import { describe, expect, it } from "vitest";
import { initials, looksLikeAddress, parseMailbox, splitRecipients } from "./address";
import { formatBytes } from "./size";
import { linkify, sentence, visibleText } from "./text";
import { dayName, shortTime, timeOfDay, toLocalInput, usefulMoments } from "./time";

const now = new Date(2026, 10, 18, 15, 0); // a Wednesday

describe("times in lists", () => {
  it.each([
    [new Date(2026, 10, 18, 14, 59, 40), "now"],
    [new Date(2026, 10, 18, 14, 48), "12m"],
    [new Date(2026, 10, 18, 9, 5), "09:05"],
    [new Date(2026, 10, 16, 9, 5), "Mon"],
    [new Date(2026, 0, 12, 9, 5), "12 Jan"],
    [new Date(2023, 0, 12, 9, 5), "12 Jan 2023"],
  ])("%s", (time, text) => {
    expect(shortTime(time.toISOString(), now)).toBe(text);
  });
  it("are the hour alone today, and have their day on another", () => {
    expect(timeOfDay(new Date(2026, 10, 18, 9, 5).toISOString(), now)).toBe("09:05");
    expect(timeOfDay(new Date(2026, 10, 19, 9, 5).toISOString(), now)).toBe("19 Nov 2026, 09:05");
  });
  it("of rubbish are nothing", () => expect(shortTime("soon", now)).toBe(""));
  it("have days with names", () => {
    expect(dayName(new Date(2026, 10, 18, 1).toISOString(), now)).toBe("Today");
    expect(dayName(new Date(2026, 10, 17, 23).toISOString(), now)).toBe("Yesterday");
    expect(dayName(new Date(2026, 9, 1).toISOString(), now)).toBe("1 October 2026");
  });
});

describe("moments worth offering", () => {
  it("are in the future, in order, on no day twice", () => {
    for (let day = 15; day < 22; day += 1) {
      for (const hour of [0, 8, 12, 17, 18, 23]) {
        const at = new Date(2026, 10, day, hour);
        const times = usefulMoments(at).map((moment) => moment.at.getTime());
        expect(times.every((time) => time > at.getTime())).toBe(true);
        expect(new Set(times).size).toBe(times.length);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
      }
    }
  });
  it("name the coming Monday", () => {
    const monday = usefulMoments(now).find((moment) => moment.key === "monday");
    expect(monday?.at).toEqual(new Date(2026, 10, 23, 9));
  });
  it("fit the date field", () => expect(toLocalInput(now)).toBe("2026-11-18T15:00"));
});

describe("sizes", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1_500, "1.5 kB"],
    [182_344, "182 kB"],
    [52_428_800, "52 MB"],
    [-4, "0 B"],
  ])("%d is %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe("addresses", () => {
  it.each([
    ["ada@example.org", { name: null, address: "ada@example.org" }],
    ["Ada <ada@example.org>", { name: "Ada", address: "ada@example.org" }],
    ['"Lovelace, Ada" <ada@example.org>', { name: "Lovelace, Ada", address: "ada@example.org" }],
    ['"A \\"B\\"" <a@b>', { name: 'A "B"', address: "a@b" }],
    [" <ada@example.org> ", { name: null, address: "ada@example.org" }],
  ])("%s", (text, mailbox) => {
    expect(parseMailbox(text)).toEqual(mailbox);
  });
  it("are split outside of quotes", () => {
    expect(splitRecipients('a@b.c, "X, Y" <x@y.z>;\nd@e.f,,')).toEqual(["a@b.c", '"X, Y" <x@y.z>', "d@e.f"]);
  });
  it("look like addresses or do not", () => {
    expect(looksLikeAddress("Ada <ada@example.org>")).toBe(true);
    expect(looksLikeAddress("ada")).toBe(false);
    expect(looksLikeAddress("a b@c")).toBe(false);
  });
  it("have initials", () => {
    expect(initials("Ada Lovelace")).toBe("AL");
    expect(initials("ada.lovelace@example.org")).toBe("AL");
    expect(initials("研究 室")).toBe("研室");
    expect(initials("")).toBe("?");
  });
});

describe("links in plain text", () => {
  const links = (text: string) => linkify(text).filter((part) => part.kind === "link").map((part) => part.href);
  it.each([
    ["see https://example.org/a_(b).", ["https://example.org/a_(b)"]],
    ["(https://example.org)", ["https://example.org"]],
    ["www.example.org, please", ["https://www.example.org"]],
    ["write to a.b+c@example.co.uk!", ["mailto:a.b+c@example.co.uk"]],
    ["javascript:alert(1) data:text/html,x file:///etc", []],
    ["nothing here", []],
  ])("%s", (text, hrefs) => {
    expect(links(text)).toEqual(hrefs);
  });
  it("lose no character of the text", () => {
    const text = 'a https://x.y/z?q=1&r=2), "www.b.c" <d@e.f>.\nend';
    expect(linkify(text).map((part) => part.text).join("")).toBe(text);
  });
});

describe("quoted text", () => {
  it("is folded when there is some", () => {
    expect(visibleText("New\n\n> old", "New")).toEqual({ shown: "New", folded: "quoted" });
    expect(visibleText("All new\n", "All new")).toEqual({ shown: "All new", folded: null });
  });
  it("is told apart from a signature", () => {
    expect(visibleText("New\n\n-- \nAda", "New").folded).toBe("signature");
    expect(visibleText("New\n\n-- \nAda\n\n> old", "New").folded).toBe("quoted");
    expect(visibleText("> old\n\nNew below", "New below").folded).toBe("quoted");
  });
  it("is shown when there is nothing else", () => {
    expect(visibleText("> old", null)).toEqual({ shown: "> old", folded: null });
    expect(visibleText("> old", " ")).toEqual({ shown: "> old", folded: null });
    expect(visibleText(null, null)).toEqual({ shown: "", folded: null });
  });
});

describe("the server's words", () => {
  it.each([
    ["the record is right", "The record is right"],
    ["mail.example.org has no name", "mail.example.org has no name"],
    ["p=none says nothing", "p=none says nothing"],
    ["", ""],
  ])("“%s” as a sentence", (text, expected) => {
    expect(sentence(text)).toBe(expected);
  });
});
