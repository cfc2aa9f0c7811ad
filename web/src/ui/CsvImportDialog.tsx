/** A CSV file of addresses: sent as it is, and what became of its rows. */

import { useMutation, useQueryClient, type QueryKey } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { asProblem } from "../api/problem";
import { m } from "../i18n";
import { Button } from "./Button";
import styles from "./CsvImportDialog.module.css";
import { Dialog, DialogActions } from "./Dialog";
import { formClass, TextField } from "./Field";
import { ProblemNotice } from "./ProblemNotice";
import { useFirstError } from "./useFirstError";

/** What the server says of a file. */
type Imported = {
  rows: number;
  added: number;
  changed: number;
  unchanged: number;
  rejected: number;
  errors: { line: number; column?: string | null; detail: string }[];
};

/** What differs from one list of addresses to the next. */
type Texts = { importTitle: string; importText: string; importChanged: (n: number) => string };

type Props = { texts: Texts; load: (csv: Blob) => Promise<Imported>; changes: QueryKey; onClose: () => void };

export function CsvImportDialog({ texts, load: send, changes, onClose }: Props) {
  const [file, setFile] = useState<File | null>(null);
  const [complaint, setComplaint] = useState<string | null>(null);
  const client = useQueryClient();
  const load = useMutation({
    mutationFn: (csv: File) => send(csv),
    onSuccess: () => void client.invalidateQueries({ queryKey: changes }),
  });
  const formRef = useFirstError(complaint, load.error);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    setComplaint(file ? null : m.csvImport.fileMissing);
    if (file) load.mutate(file);
  };
  if (load.data) return <ImportResult result={load.data} changedText={texts.importChanged} onClose={onClose} />;
  return (
    <Dialog title={texts.importTitle} onClose={onClose}>
      <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
        <p>{texts.importText}</p>
        {load.error && <ProblemNotice title={m.csvImport.failed} problem={asProblem(load.error)} />}
        <TextField
          label={m.csvImport.file}
          error={complaint}
          type="file"
          accept=".csv,text/csv"
          onChange={(event) => setFile(event.target.files?.[0] ?? null)}
        />
        <DialogActions>
          <Button onClick={onClose}>{m.cancel}</Button>
          <Button type="submit" variant="primary" disabled={load.isPending}>
            {load.isPending ? m.csvImport.busy : m.csvImport.now}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

type ResultProps = { result: Imported; changedText: Texts["importChanged"]; onClose: () => void };

function ImportResult({ result, changedText, onClose }: ResultProps) {
  const { rows, added, changed, unchanged, rejected, errors } = result;
  return (
    <Dialog title={m.csvImport.done(rows)} onClose={onClose} wide={errors.length > 0}>
      <div className={styles.result}>
        <ul className={styles.outcome}>
          <li>{m.csvImport.added(added)}</li>
          {changed > 0 && <li>{changedText(changed)}</li>}
          {unchanged > 0 && <li>{m.csvImport.unchanged(unchanged)}</li>}
          {rejected > 0 && <li className={styles.bad}>{m.csvImport.rejected(rejected)}</li>}
        </ul>
        {rejected > errors.length && errors.length > 0 && <p className="muted">{m.csvImport.first(errors.length)}</p>}
        {errors.length > 0 && (
          <div className={styles.errors} tabIndex={0} role="group" aria-label={m.csvImport.rejected(rejected)}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{m.csvImport.line}</th>
                  <th scope="col">{m.csvImport.column}</th>
                  <th scope="col">{m.csvImport.problem}</th>
                </tr>
              </thead>
              <tbody>
                {errors.map((error, index) => (
                  <tr key={index}>
                    <td>{error.line}</td>
                    <td>{error.column ?? "–"}</td>
                    <td>{error.detail}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </div>
      <DialogActions>
        <Button variant="primary" onClick={onClose} data-autofocus>
          {m.csvImport.close}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
