/** Settles the language, then starts the dashboard: whatever it consists of may read its texts while it loads. */

import { speak } from "./i18n";
import { languageToSpeak } from "./settings/language";
import "./styles/tokens.css";
import "./styles/base.css";

await speak(languageToSpeak());
const { start } = await import("./start");
start();
