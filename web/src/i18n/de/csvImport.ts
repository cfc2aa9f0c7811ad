/** Taking a CSV file of addresses in. */

import type { csvImport as English } from "../en/csvImport";
import { count } from "./count";

export const csvImport: typeof English = {
  file: "CSV-Datei",
  fileMissing: "Wählen Sie eine Datei.",
  now: "Importieren",
  busy: "Wird importiert…",
  failed: "Es wurde nichts importiert",
  done: (rows: number) => `${count(rows, "Zeile", "Zeilen")} gelesen`,
  added: (n: number) => `${count(n, "Adresse", "Adressen")} hinzugefügt`,
  unchanged: (n: number) => `${count(n, "Adresse war", "Adressen waren")} schon vorhanden`,
  rejected: (n: number) => `${count(n, "Zeile ist", "Zeilen sind")} fehlerhaft und ${n === 1 ? "wurde" : "wurden"} ausgelassen`,
  first: (n: number) => `Die ersten ${n}:`,
  line: "Zeile",
  column: "Spalte",
  problem: "Was falsch ist",
  close: "Fertig",
};
