import { expect, test } from "vitest";
import { signatureOf } from "./signature";

const ada = { name: "Ada $& Example", email: "ada@example.org", signature: {} };

test("a signature names whoever writes", () => {
  expect(signatureOf({ signature: { text: "{{agent.name}}\n{{ agent.email }}\n{{x}}" } }, ada)).toBe("Ada $& Example\nada@example.org\n{{x}}");
  expect(signatureOf({ signature: { text: "{{agent.name}}" } }, { ...ada, name: null, email: "ben@example.org" })).toBe("ben@example.org");
});

test("of a signature in HTML alone its words are shown", () => {
  expect(signatureOf({ signature: { html: "<p><b>{{agent.name}}</b><br>R &amp; D</p><div>Acme</div>" } }, ada)).toBe("Ada $& Example\nR & D\nAcme");
});

test("a person's own signature stands above the channel's, and not below a use case's mail", () => {
  const own = { ...ada, signature: { text: "{{agent.email}}\n" } };
  expect(signatureOf({ signature: { html: "<p>Acme</p>" } }, own)).toBe("ada@example.org\nAcme");
  expect(signatureOf({ signature: {} }, own)).toBe("ada@example.org");
  expect(signatureOf(undefined, own)).toBe("");
});

test("without a signature there is nothing", () => {
  expect(signatureOf(undefined, ada)).toBe("");
  expect(signatureOf({ signature: {} }, ada)).toBe("");
});
