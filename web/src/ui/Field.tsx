/** Form fields with their label, hint and complaint tied together for assistive technology. */

import { useId, type ComponentProps, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, type TextareaHTMLAttributes } from "react";
import type { Complaint } from "../api/problem";
import { sentence } from "../format/text";
import { m } from "../i18n";
import styles from "./Field.module.css";

type Common = { label: string; hint?: string; error?: Complaint | null; optional?: boolean };

type Wiring = { id: string; "aria-describedby": string | undefined; "aria-invalid": true | undefined; className: string | undefined };

export function ComplaintText({ complaint }: { complaint: Complaint }) {
  if (typeof complaint === "string") return complaint;
  return <span lang={complaint.language}>{sentence(complaint.detail)}</span>;
}

function Field({ label, hint, error, optional, children }: Common & { children: (wiring: Wiring) => ReactNode }) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className={styles.field}>
      <label htmlFor={id}>
        {label} {optional && <span className={styles.optional}>({m.optional})</span>}
      </label>
      {children({
        id,
        "aria-describedby": described || undefined,
        "aria-invalid": error ? true : undefined,
        className: styles.input,
      })}
      {hint && (
        <span id={`${id}-hint`} className={styles.hint}>
          {hint}
        </span>
      )}
      {error && (
        <span id={`${id}-error`} className={styles.error}>
          <ComplaintText complaint={error} />
        </span>
      )}
    </div>
  );
}

export function TextField({ label, hint, error, optional, ...rest }: Common & ComponentProps<"input">) {
  return (
    <Field label={label} hint={hint} error={error} optional={optional}>
      {(wiring) => <input {...wiring} {...rest} />}
    </Field>
  );
}

export function TextArea({ label, hint, error, optional, ...rest }: Common & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  return (
    <Field label={label} hint={hint} error={error} optional={optional}>
      {(wiring) => <textarea {...wiring} {...rest} />}
    </Field>
  );
}

export function SelectField({ label, hint, error, optional, ...rest }: Common & SelectHTMLAttributes<HTMLSelectElement>) {
  return (
    <Field label={label} hint={hint} error={error} optional={optional}>
      {(wiring) => <select {...wiring} {...rest} />}
    </Field>
  );
}

type ChoiceProps = InputHTMLAttributes<HTMLInputElement> & { label: string; hint?: string };

/** A checkbox or a radio button with its words. */
export function Choice({ label, hint, ...rest }: ChoiceProps) {
  return (
    <label className={styles.check}>
      <input type="checkbox" {...rest} />
      <span>
        {label}
        {hint && <small>{hint}</small>}
      </span>
    </label>
  );
}

export function FieldGroup({ legend, error, children }: { legend: string; error?: Complaint | null; children: ReactNode }) {
  const id = useId();
  return (
    <fieldset className={styles.fieldset} data-invalid={error ? true : undefined} aria-describedby={error ? id : undefined}>
      <legend className={styles.legend}>{legend}</legend>
      {children}
      {error && (
        <span id={id} className={styles.error}>
          <ComplaintText complaint={error} />
        </span>
      )}
    </fieldset>
  );
}

export const formClass = styles.form ?? "";
export const rowClass = styles.row ?? "";
