/** One's own second factor in the profile: whether it is on, turning it on and off, new recovery codes. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { secondFactor } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { Button } from "../ui/Button";
import { Dialog, DialogActions } from "../ui/Dialog";
import { formClass, TextField } from "../ui/Field";
import { ListSkeleton } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast } from "../ui/toast";
import { useFirstError } from "../ui/useFirstError";
import { RecoveryCodeList, SecondFactorSetUp } from "./SecondFactorSetUp";
import styles from "./secondFactor.module.css";

type Over = "setUp" | "disable" | "codes" | null;

export function SecondFactor() {
  const status = useQuery({ queryKey: keys.secondFactor, queryFn: ({ signal }) => secondFactor.get(signal) });
  const [over, setOver] = useState<Over>(null);
  const client = useQueryClient();
  const close = () => {
    setOver(null);
    void client.invalidateQueries({ queryKey: keys.secondFactor, exact: true });
  };
  if (status.isPending) return <ListSkeleton rows={1} />;
  if (status.data === undefined) {
    return <ProblemNotice title={m.secondFactor.failed} problem={asProblem(status.error)} onRetry={() => void status.refetch()} />;
  }
  const { enabled, enabledAt, recoveryCodesLeft } = status.data;
  return (
    <div className={styles.state}>
      <span>
        {enabled ? m.secondFactor.on : m.secondFactor.off}
        <small>{enabled && enabledAt ? m.secondFactor.onSince(longTime(enabledAt), recoveryCodesLeft) : m.secondFactor.why}</small>
      </span>
      {enabled ? (
        <>
          <Button small onClick={() => setOver("codes")}>
            {m.secondFactor.newCodes}
          </Button>
          <Button small onClick={() => setOver("disable")}>
            {m.secondFactor.turnOff}
          </Button>
        </>
      ) : (
        <Button small icon="shield" onClick={() => setOver("setUp")}>
          {m.secondFactor.setUp}
        </Button>
      )}
      {over === "setUp" && (
        <Dialog title={m.secondFactor.setUp} onClose={close} sticky={false}>
          <SecondFactorSetUp
            onDone={() => {
              toast(m.secondFactor.isOn);
              close();
            }}
          />
        </Dialog>
      )}
      {over === "disable" && <Disable onClose={close} />}
      {over === "codes" && <NewCodes onClose={close} />}
    </div>
  );
}

type CodeDialogProps = { title: string; text: string; action: string; danger?: boolean; busy: boolean; error: unknown; errorTitle: string; onCode: (code: string) => void; onClose: () => void };

/** What a code is needed for: somebody at an open browser is not enough. */
function CodeDialog(props: CodeDialogProps) {
  const [code, setCode] = useState("");
  const formRef = useFirstError(props.error);
  const problem = props.error ? asProblem(props.error) : null;
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    props.onCode(code.trim());
  };
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form ref={formRef} className={formClass} onSubmit={onSubmit} noValidate>
        <p>{props.text}</p>
        {problem && !problem.field("code") && <ProblemNotice title={props.errorTitle} problem={problem} />}
        <TextField
          label={m.signIn.code}
          hint={m.signIn.codeHint}
          error={problem?.field("code")}
          autoComplete="one-time-code"
          autoCapitalize="none"
          spellCheck={false}
          value={code}
          onChange={(event) => setCode(event.target.value)}
        />
        <DialogActions>
          <Button onClick={props.onClose}>{m.cancel}</Button>
          <Button type="submit" variant={props.danger ? "danger" : "primary"} disabled={props.busy || code.trim() === ""}>
            {props.action}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function Disable({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const disable = useMutation({
    mutationFn: secondFactor.disable,
    onSuccess: () => {
      toast(m.secondFactor.isOff);
      // Where the workspace wants one, it has to be set up anew.
      void client.invalidateQueries({ queryKey: keys.session });
      void client.invalidateQueries({ queryKey: keys.users });
      onClose();
    },
  });
  return (
    <CodeDialog
      title={m.secondFactor.disableTitle}
      text={m.secondFactor.disableText}
      action={m.secondFactor.turnOff}
      danger
      busy={disable.isPending}
      error={disable.error}
      errorTitle={m.secondFactor.disableFailed}
      onCode={(code) => disable.mutate(code)}
      onClose={onClose}
    />
  );
}

function NewCodes({ onClose }: { onClose: () => void }) {
  const renew = useMutation({ mutationFn: secondFactor.renewCodes });
  if (renew.data) {
    return (
      <Dialog title={m.secondFactor.newCodes} onClose={onClose} sticky>
        <RecoveryCodeList codes={renew.data.recoveryCodes} onDone={onClose} />
      </Dialog>
    );
  }
  return (
    <CodeDialog
      title={m.secondFactor.newCodes}
      text={m.secondFactor.newCodesText}
      action={m.secondFactor.newCodesNow}
      busy={renew.isPending}
      error={renew.error}
      errorTitle={m.secondFactor.newCodesFailed}
      onCode={(code) => renew.mutate(code)}
      onClose={onClose}
    />
  );
}
