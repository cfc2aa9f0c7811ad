/** Which language is spoken: the chosen one, or the first of the browser's that there is. Kept in this browser. */

import { language, LANGUAGES, type Language } from "../i18n";

export type LanguageChoice = Language | "system";

const KEY = "postroom.language";
/** What the workspace speaks to people who chose nothing, as the last session said. */
const WORKSPACE_KEY = "postroom.workspaceLanguage";

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

function workspaceLanguage(): Language | null {
  try {
    const kept = localStorage.getItem(WORKSPACE_KEY);
    return isLanguage(kept) ? kept : null;
  } catch {
    return null;
  }
}

function spokenBy(choice: LanguageChoice): Language {
  return choice === "system" ? (workspaceLanguage() ?? firstSpoken(navigator.languages)) : choice;
}

/** Keeps what the workspace speaks for who chose nothing; where the page speaks another language, it is loaded anew, once. */
export function speakWorkspaceLanguage(wanted: string | null): void {
  try {
    if (localStorage.getItem(WORKSPACE_KEY) === wanted) return;
    if (isLanguage(wanted)) localStorage.setItem(WORKSPACE_KEY, wanted);
    else localStorage.removeItem(WORKSPACE_KEY);
    if (languageToSpeak() !== language) window.location.reload();
  } catch {
    // Storage is blocked: the browser's language it stays.
  }
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
