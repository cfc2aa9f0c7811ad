/** Which language is spoken: the chosen one, or the first of the browser's that there is. Kept in this browser. */

import { language, LANGUAGES, type Language } from "../i18n";

export type LanguageChoice = Language | "system";

const KEY = "postroom.language";

/** Where the browser names none that there is. */
const USUAL: Language = "en";

/** For languages of people who have not chosen one: `de-AT` is German. */
export function firstSpoken(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const [main = ""] = tag.toLowerCase().split("-", 1);
    if (isLanguage(main)) return main;
  }
  return USUAL;
}

function isLanguage(text: string | null): text is Language {
  return text !== null && Object.hasOwn(LANGUAGES, text);
}

export function chosenLanguage(): LanguageChoice {
  try {
    const kept = localStorage.getItem(KEY);
    return isLanguage(kept) ? kept : "system";
  } catch {
    return "system";
  }
}

function spokenBy(choice: LanguageChoice): Language {
  return choice === "system" ? firstSpoken(navigator.languages) : choice;
}

export function languageToSpeak(): Language {
  return spokenBy(chosenLanguage());
}

/** Whether choosing it changes anything that is seen. */
export function isOtherLanguage(choice: LanguageChoice): boolean {
  return spokenBy(choice) !== language;
}

/** The page speaks it once it is loaded anew. Whether it could be kept. */
export function keepLanguage(choice: LanguageChoice): boolean {
  try {
    if (choice === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, choice);
    return true;
  } catch {
    // Storage is blocked: the browser's language it stays.
    return false;
  }
}
