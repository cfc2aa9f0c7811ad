/** A CSV file of addresses: sent as it is, and what became of its rows. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { suppressions } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { SuppressionImport } from "../api/types";
import { m } from "../i18n";
import { Button } from "../ui/Button";
import { Dialog, DialogActions } from "../ui/Dialog";
import { formClass, TextField } from "../ui/Field";
import { ProblemNotice } from "../ui/ProblemNotice";
import { useFirstError } from "../ui/useFirstError";
import styles from "./suppressions.module.css";

export function ImportDialog({ onClose }: { onClose: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const [complaint, setComplaint] = useState<string | null>(null);
  const client = useQueryClient();
  const load = useMutation({
    mutationFn: (csv: File) => suppressions.importCsv(csv),
    onSuccess: () => void client.invalidateQueries({ queryKey: keys.suppressions }),
  });
  const formRef = useFirstError(complaint, load.error);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    setComplaint(file ? null : m.suppressions.fileMissing);
    if (file) load.mutate(file);
  };
  if (load.data) return <ImportResult result={load.data} onClose={onClose} />;
  return (
    <Dialog title={m.suppressions.importTitle} onClose={onClose}>
      <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
        <p>{m.suppressions.importText}</p>
        {load.error && <ProblemNotice title={m.suppressions.importFailed} problem={asProblem(load.error)} />}
        <TextField
          label={m.suppressions.file}
          error={complaint}
          type="file"
          accept=".csv,text/csv"
          onChange={(event) => setFile(event.target.files?.[0] ?? null)}
        />
        <DialogActions>
          <Button onClick={onClose}>{m.cancel}</Button>
          <Button type="submit" variant="primary" disabled={load.isPending}>
            {load.isPending ? m.suppressions.importing : m.suppressions.importNow}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function ImportResult({ result, onClose }: { result: SuppressionImport; onClose: () => void }) {
  const { rows, added, changed, unchanged, rejected, errors } = result;
  return (
    <Dialog title={m.suppressions.importDone(rows)} onClose={onClose} wide={errors.length > 0}>
      <div className={styles.result}>
        <ul className={styles.outcome}>
          <li>{m.suppressions.importAdded(added)}</li>
          {changed > 0 && <li>{m.suppressions.importChanged(changed)}</li>}
          {unchanged > 0 && <li>{m.suppressions.importUnchanged(unchanged)}</li>}
          {rejected > 0 && <li className={styles.bad}>{m.suppressions.importRejected(rejected)}</li>}
        </ul>
        {rejected > errors.length && errors.length > 0 && <p className="muted">{m.suppressions.importFirst(errors.length)}</p>}
        {errors.length > 0 && (
          <div className={styles.errors} tabIndex={0} role="group" aria-label={m.suppressions.importRejected(rejected)}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{m.suppressions.line}</th>
                  <th scope="col">{m.suppressions.column}</th>
                  <th scope="col">{m.suppressions.problem}</th>
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
          {m.suppressions.done}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
