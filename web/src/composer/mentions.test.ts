import { describe, expect, it } from "vitest";
import type { User } from "../api/types";
import { mentioningAt, peopleFor, writtenAs } from "./mentions";

const user = (email: string, name: string | null): User => ({ id: email, email, name, role: "agent", createdAt: "" }) as User;
const users = [user("ada@example.org", "Ada Example"), user("bob@example.org", null), user("bo@example.net", "Bo")];

describe("mentions", () => {
  it.each([
    ["@", { start: 0, typed: "" }],
    ["hello @ad", { start: 6, typed: "ad" }],
    ["(@Ada Ex", { start: 1, typed: "Ada Ex" }],
    ["ada@ex", null],
    ["@ada and bob", null],
    ["hello", null],
  ])("%s", (text, expected) => expect(mentioningAt(text, text.length)).toEqual(expected));
  it("find people by any of their names", () => {
    expect(peopleFor("ex", users).map((each) => each.email)).toEqual(["ada@example.org"]);
    expect(peopleFor("bo", users).map((each) => each.email)).toEqual(["bob@example.org", "bo@example.net"]);
    expect(peopleFor("", users)).toHaveLength(3);
  });
  it("are written so that they are read again", () => {
    expect(users.map((each) => writtenAs(each, users))).toEqual(["@Ada Example", "@bob@example.org", "@Bo"]);
    expect(writtenAs(user("x@example.org", "Bo"), [...users, user("x@example.org", "bo")])).toBe("@x@example.org");
  });
});
