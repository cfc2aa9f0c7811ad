/**
 * The language of the dashboard: its texts, and how dates and numbers are written. It is settled once, before anything that says a
 * word is loaded (main.ts), so that everybody may read `m` whenever they like; another language is a reload (settings/language.ts).
 * One more language is one more folder of the same shape, named in LANGUAGES.
 */

import type { en } from "./en";

export type Catalogue = typeof en;

/** Each is a chunk of its own: nobody loads what they don't read. `name` is what its speakers call it. */
export const LANGUAGES = {
  en: { name: "English", locale: "en-GB", load: async (): Promise<Catalogue> => (await import("./en")).en },
  de: { name: "Deutsch", locale: "de-DE", load: async (): Promise<Catalogue> => (await import("./de")).de },
};
export type Language = keyof typeof LANGUAGES;

export let m: Catalogue;
export let language: Language;
/** For dates and numbers. */
export let locale: string;

/** Before anything else is imported that reads `m`. */
export async function speak(chosen: Language): Promise<void> {
  m = await LANGUAGES[chosen].load();
  language = chosen;
  locale = LANGUAGES[chosen].locale;
  document.documentElement.lang = chosen;
}
