import { expect, it } from "vitest";
import type { TemplateSummary } from "../api/types";
import { asContent, matching, withPlaces } from "./cannedAnswers";

const template = (name: string, description: string | null = null) => ({ id: name, name, description }) as TemplateSummary;

it("offers those that have every word, those whose name begins with it first", () => {
  const all = [template("late_refund"), template("refund"), template("hello", "a refund is not in it"), template("welcome")];
  expect(matching(all, "refund").map((each) => each.name)).toEqual(["refund", "hello", "late_refund"]);
  expect(matching(all, "re late").map((each) => each.name)).toEqual(["late_refund"]);
  expect(matching(all, "")).toHaveLength(4);
});

it("takes a page's body, and makes paragraphs of a text", () => {
  expect(asContent("<html><head><title>x</title></head><body><p>Hi</p></body></html>", null)).toBe("<p>Hi</p>");
  expect(asContent(null, "Hi <you>\n\nOne\nTwo")).toBe("<p>Hi &lt;you&gt;</p><p>One<br>Two</p>");
});

it("marks the place of what a template lacks", () => {
  const known = { contact: { name: "Ada", attributes: {} } };
  expect(withPlaces(known, ["order_number", "contact.attributes.plan", "order.id"])).toEqual({
    contact: { name: "Ada", attributes: { plan: "[contact.attributes.plan]" } },
    order_number: "[order_number]",
    order: { id: "[order.id]" },
  });
  expect(known.contact.attributes).toEqual({});
});
