/** A modal on the platform's own <dialog>: focus stays inside, Escape closes, focus returns to where it was. */

import { useEffect, useId, useRef, type ReactNode } from "react";
import { m } from "../i18n";
import { asProblem } from "../api/problem";
import { Button, classNames, IconButton } from "./Button";
import { ProblemNotice } from "./ProblemNotice";
import styles from "./Dialog.module.css";

const FIELDS = "input:not([hidden]):not([type=radio]):not([type=checkbox]), select, textarea";

type Props = {
  title: string;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
  /** Only its own buttons close it (a secret shown once). */
  sticky?: boolean;
  /** Hangs from above, so that what is in it does not move while its length changes. */
  top?: boolean;
};

export function Dialog({ title, onClose, children, wide, sticky, top }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();

  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    if (element && !element.open) {
      element.showModal();
      // Where one would type, if there is such a place; the platform would choose the close button.
      const wanted = element.querySelector<HTMLElement>("[data-autofocus]") ?? element.querySelector<HTMLElement>(FIELDS);
      wanted?.focus();
    }
    return () => {
      element?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);

  return (
    <dialog
      ref={dialog}
      className={classNames(styles.dialog, wide && styles.wide, top && styles.top)}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        if (!sticky) onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current && !sticky) onClose();
      }}
    >
      <div className={styles.head}>
        <h2 id={titleId}>{title}</h2>
        {!sticky && <IconButton icon="close" label={m.close} onClick={onClose} />}
      </div>
      <div className={styles.body}>{children}</div>
    </dialog>
  );
}

export function DialogActions({ children }: { children: ReactNode }) {
  return <div className={styles.actions}>{children}</div>;
}

type ConfirmProps = {
  title: string;
  text: string;
  action: string;
  danger?: boolean;
  busy: boolean;
  error: unknown;
  errorTitle: string;
  onConfirm: () => void;
  onClose: () => void;
};

export function ConfirmDialog(props: ConfirmProps) {
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <p>{props.text}</p>
      {props.error != null && <ProblemNotice title={props.errorTitle} problem={asProblem(props.error)} />}
      <DialogActions>
        <Button onClick={props.onClose}>{m.cancel}</Button>
        <Button variant={props.danger ? "danger" : "primary"} disabled={props.busy} onClick={props.onConfirm}>
          {props.action}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
