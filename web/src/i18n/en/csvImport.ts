/** Taking a CSV file of addresses in. */

import { count } from "./count";

export const csvImport = {
  file: "CSV file",
  fileMissing: "Choose a file.",
  now: "Import",
  busy: "Importing…",
  failed: "Nothing was imported",
  done: (rows: number) => `${count(rows, "row", "rows")} read`,
  added: (n: number) => `${count(n, "address", "addresses")} added`,
  unchanged: (n: number) => `${count(n, "address was", "addresses were")} here already`,
  rejected: (n: number) => `${count(n, "row is", "rows are")} wrong and ${n === 1 ? "was" : "were"} left out`,
  first: (n: number) => `The first ${n}:`,
  line: "Line",
  column: "Column",
  problem: "What is wrong",
  close: "Done",
};
