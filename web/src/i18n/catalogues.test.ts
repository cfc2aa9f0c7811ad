/** Every language says everything that English says. What its type can't see is compared here: the keys of records, how many values a text takes, texts nobody translated. */

import { expect, test } from "vitest";
import { LANGUAGES, type Language } from ".";
import { en } from "./en";

type Text = string | ((...values: unknown[]) => string);

/** By their path, such as `composer.send`. */
function textsOf(value: unknown, path = ""): [string, Text][] {
  if (typeof value === "string" || typeof value === "function") return [[path, value as Text]];
  return Object.entries(value as object).flatMap(([key, each]) => textsOf(each, path ? `${path}.${key}` : key));
}

/** As it reads with some values: for one thing, and for many. */
function readings(text: Text): string[] {
  if (typeof text === "string") return [text];
  return [1, 1234].map((n) => text(...Array.from({ length: text.length }, () => n)));
}

/** Names and abbreviations are the same everywhere; three words are not. */
function isSentence(text: string): boolean {
  return (text.match(/\p{L}{2,}/gu) ?? []).length >= 3;
}

/** Said to machines, or a name of something. */
const THE_SAME = new Set(["message.authDetail", "search.hints.is"]);

const english = textsOf(en);
const others = (Object.keys(LANGUAGES) as Language[]).filter((each) => each !== "en");

test.each(others)("%s says everything that English says, and nothing else", async (language) => {
  const texts = textsOf(await LANGUAGES[language].load());
  expect(texts.map(([path]) => path).sort()).toEqual(english.map(([path]) => path).sort());
});

test.each(others)("%s takes the values that English takes", async (language) => {
  const texts = new Map(textsOf(await LANGUAGES[language].load()));
  const taken = (text: Text | undefined) => (typeof text === "function" ? text.length : null);
  expect(english.filter(([path, text]) => taken(texts.get(path)) !== taken(text)).map(([path]) => path)).toEqual([]);
});

test.each(others)("%s has no sentence of the English", async (language) => {
  const texts = new Map(textsOf(await LANGUAGES[language].load()));
  const same = english.filter(([path, text]) => {
    const own = texts.get(path);
    if (own === undefined || THE_SAME.has(path)) return false;
    const [mine, theirs] = [readings(own), readings(text)];
    return mine.some((each, index) => each === theirs[index] && isSentence(each));
  });
  expect(same.map(([path]) => path)).toEqual([]);
});

test.each(["en", ...others] as Language[])("%s says in ASCII what goes into a header or a terminal as it is", async (language) => {
  const { start } = await LANGUAGES[language].load();
  for (const text of [start.sampleSubject, start.commandSubject, start.commandBody]) expect(text).toMatch(/^[ -&(-~]+$/);
});

test.each(others)("%s writes numbers its own way", async (language) => {
  const { list } = await LANGUAGES[language].load();
  expect(list.messages(1234)).toContain((1234).toLocaleString(LANGUAGES[language].locale));
});
