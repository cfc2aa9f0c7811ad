import { describe, expect, it } from "vitest";
import type { Message } from "../api/types";
import { addressesOf, senderOf } from "./senders";

const INBOUND = "x7@inbox.localhost";

function mail(direction: "inbound" | "outbound", ...to: string[]): Message {
  const recipients = to.map((address) => ({ type: "to", address, name: null, status: null }));
  return { direction, recipients, content: { type: "email" } } as unknown as Message;
}

describe("a channel's own addresses", () => {
  it("are its main one and its aliases, each once", () => {
    const channel = { emailAddress: "support@acme.test", aliases: ["sales@acme.test", "support@acme.test"], inboundAddress: INBOUND };
    expect(addressesOf(channel)).toEqual(["support@acme.test", "sales@acme.test"]);
  });
  it("begin with the generated one where there is no main one", () => {
    expect(addressesOf({ emailAddress: null, aliases: ["sales@acme.test"], inboundAddress: INBOUND })).toEqual([INBOUND, "sales@acme.test"]);
  });
});

describe("what an answer is written from", () => {
  const own = ["support@acme.test", "sales@acme.test"];
  it.each<[string, string | null, Message[], string]>([
    ["the usual one", null, [], "support@acme.test"],
    ["the one that was written to last", null, [mail("inbound", "support@acme.test"), mail("inbound", "Sales+shop@acme.test")], "sales@acme.test"],
    ["not one that we wrote to", null, [mail("inbound", "support@acme.test"), mail("outbound", "sales@acme.test")], "support@acme.test"],
    ["the chosen one", "support@acme.test", [mail("inbound", "sales@acme.test")], "support@acme.test"],
    ["none that the channel has no more", "old@acme.test", [mail("inbound", "sales@acme.test")], "sales@acme.test"],
  ])("%s", (_name, chosen, messages, expected) => expect(senderOf(own, chosen, messages)).toBe(expected));
});
