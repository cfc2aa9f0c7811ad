/** Settles the language, then starts the dashboard: whatever it consists of may read its texts while it loads. */

import { speak } from "./i18n";
import { languageToSpeak } from "./settings/language";
import "./styles/tokens.css";
import "./styles/base.css";

async function main(): Promise<void> {
  await speak(languageToSpeak());
  const { start } = await import("./start");
  start();
}

// Not awaited here: what is loaded then reads the texts from this file, and would wait for its end.
void main();
