/** A button with something beside it: opens it, closes it, and has the focus again afterwards. */

import type { ReactNode } from "react";
import { Anchor, Popover, type PopoverState } from "./Popover";

type TriggerProps = { "aria-haspopup": "dialog"; "aria-expanded": boolean; onClick: () => void };

type Props = {
  label: string;
  state: PopoverState;
  trigger: (props: TriggerProps) => ReactNode;
  children: ReactNode;
};

export function PopoverButton({ label, state, trigger, children }: Props) {
  return (
    <Anchor anchor={state.anchor}>
      {trigger({ "aria-haspopup": "dialog", "aria-expanded": state.open, onClick: state.toggle })}
      {state.open && (
        <Popover anchor={state.anchor} onClose={state.close} label={label}>
          {children}
        </Popover>
      )}
    </Anchor>
  );
}
