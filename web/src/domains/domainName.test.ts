import { expect, it } from "vitest";
import { looksLikeDomain, tidyDomain } from "./domainName";

it.each(["mail.example.com", "example.org", "bücher.example", "xn--bcher-kva.example", "a.b.c.example.co.uk"])("%s is a domain", (text) => {
  expect(looksLikeDomain(text)).toBe(true);
});

it.each(["", "localhost", "https://example.org", "example.org/path", "ada@example.org", "-a.example", "a..example", "two words.example"])(
  "“%s” is none",
  (text) => {
    expect(looksLikeDomain(text)).toBe(false);
  },
);

it("what surrounds a pasted domain is taken off", () => {
  expect(tidyDomain("  Mail.Example.com. ")).toBe("mail.example.com");
});
