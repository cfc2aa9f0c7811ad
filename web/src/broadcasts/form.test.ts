import { expect, it } from "vitest";
import { bodyOf, changeOf, complaintsOf, EMPTY_FORM, formOf, testOf, type BroadcastForm } from "./form";
import type { BroadcastWithContent } from "../api/types";

const NOW = new Date(2026, 0, 31, 12).getTime();
const whole: BroadcastForm = { ...EMPTY_FORM, name: " News ", useCaseId: "uc_1", listId: "lst_1", templateId: "tpl_1" };

it("says all that is missing", () => {
  expect(Object.keys(complaintsOf(EMPTY_FORM, NOW))).toEqual(["name", "useCaseId", "listId", "templateId"]);
  expect(Object.keys(complaintsOf({ ...whole, content: "own" }, NOW))).toEqual(["subject", "html"]);
  expect(Object.keys(complaintsOf({ ...whole, when: "later", at: "2026-01-31T11:59" }, NOW))).toEqual(["at"]);
  expect(complaintsOf({ ...whole, when: "later", at: "2026-01-31T12:01" }, NOW)).toEqual({});
});

it("sends what was chosen and leaves out what was not", () => {
  expect(bodyOf({ ...whole, subject: "of the other way" })).toEqual({ name: "News", useCaseId: "uc_1", listId: "lst_1", templateId: "tpl_1" });
  const own = { ...whole, content: "own", subject: "Hello", text: "Hi", opens: true, tags: "news, , news,may" } as const;
  expect(bodyOf(own)).toEqual({
    name: "News",
    useCaseId: "uc_1",
    listId: "lst_1",
    subject: "Hello",
    text: "Hi",
    tracking: { opens: true, clicks: false },
    tags: ["news", "may"],
  });
});

it("a test is one message under the use case", () => {
  expect(testOf(whole, " ann@example.org ")).toEqual({
    useCaseId: "uc_1",
    to: "ann@example.org",
    tags: ["broadcast-test"],
    template: { id: "tpl_1" },
  });
});

it("a change takes away what was taken out, and keeps a version as long as its template", () => {
  const broadcast = {
    ...{ name: "News", useCaseId: "uc_1", listId: "lst_1", tags: ["may", "news"], tracking: { opens: false, clicks: true } },
    ...{ templateId: "tpl_1", templateVersion: 3, subject: null, html: null, text: null, scheduledAt: new Date(NOW).toISOString() },
  } as unknown as BroadcastWithContent;
  const form = formOf(broadcast);
  expect(form.at).toBe("2026-01-31T12:00");
  expect(changeOf(form)).toEqual(broadcast);
  expect(changeOf({ ...form, templateId: "tpl_2" }).templateVersion).toBeNull();
  const own = changeOf({ ...form, content: "own", subject: "Hello", text: "Hi", tags: "", when: "now" });
  expect(own).toMatchObject({ templateId: null, templateVersion: null, subject: "Hello", text: "Hi", html: null, tags: [], scheduledAt: null });
});
