/** Unit tests are read in English. Loaded by vitest before each file of tests. */

import { speak } from ".";

await speak("en");
