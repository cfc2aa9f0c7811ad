/** Asks before a page with unsaved changes is left. */

import { useState } from "react";
import { m } from "../i18n";
import { Button } from "../ui/Button";
import { Dialog, DialogActions } from "../ui/Dialog";
import { useLeavingGuard } from "./leaving";

export function UnsavedDialog({ unsaved }: { unsaved: boolean }) {
  // A state's setter takes a function for a change: it lies in an object.
  const [asked, setAsked] = useState<{ leave: () => void } | null>(null);
  const [ask] = useState(() => (leave: () => void) => setAsked({ leave }));
  useLeavingGuard(unsaved, ask);
  if (!asked) return null;
  const stay = () => setAsked(null);
  return (
    <Dialog title={m.unsaved.title} onClose={stay}>
      <p>{m.unsaved.text}</p>
      <DialogActions>
        <Button variant="danger" onClick={asked.leave}>
          {m.unsaved.leave}
        </Button>
        <Button variant="primary" data-autofocus onClick={stay}>
          {m.unsaved.stay}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
