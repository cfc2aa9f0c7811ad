/** What the types can't see: a hook that is not called at every render, or that reads what it is not told of; words outside the catalogue. */

import parser from "@typescript-eslint/parser";
import hooks from "eslint-plugin-react-hooks";

const IN_CATALOGUE = "Words that people read stand in src/i18n, in every language.";

export default [
  {
    files: ["src/**/*.{ts,tsx}"],
    languageOptions: { parser },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    plugins: { "react-hooks": hooks },
    rules: { "react-hooks/rules-of-hooks": "error", "react-hooks/exhaustive-deps": "error" },
  },
  {
    files: ["src/**/*.tsx"],
    rules: {
      "no-restricted-syntax": [
        "error",
        { selector: "JSXText[value=/\\p{L}{2}/u]", message: IN_CATALOGUE },
        { selector: "JSXAttribute[name.name=/^(aria-label|title|label|lead|text|alt|hint)$/] > Literal[value=/\\p{L}{2}/u]", message: IN_CATALOGUE },
      ],
    },
  },
];
