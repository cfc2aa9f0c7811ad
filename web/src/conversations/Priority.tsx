/** How much a conversation matters: shown where it is not as most are, and chosen from a button, by a key, or for many at once. */

import { m } from "../i18n";
import type { Conversation, ConversationPriority } from "../api/types";
import { useCommands } from "../keyboard/dispatcher";
import { Badge } from "../ui/bits";
import { Button } from "../ui/Button";
import type { MenuItem } from "../ui/Menu";
import { Picker, type PickerOption } from "../ui/Picker";
import { usePopover, type PopoverState } from "../ui/Popover";
import { PopoverButton } from "../ui/PopoverButton";
import { PRIORITIES } from "./filter";
import styles from "./Pickers.module.css";
import { usePatchConversation } from "./queries";

const TONES = { low: "plain", normal: "plain", high: "warn", urgent: "danger" } as const;

export function PriorityMark({ priority }: { priority: ConversationPriority }) {
  if (priority === "normal") return null;
  return (
    <Badge tone={TONES[priority]} icon="flag">
      {m.priority.names[priority]}
    </Badge>
  );
}

function optionsOf(isChecked: (priority: ConversationPriority) => boolean): PickerOption[] {
  return PRIORITIES.map((priority) => ({ id: priority, label: m.priority.names[priority], checked: isChecked(priority) }));
}

type ChoiceProps = {
  state: PopoverState;
  label: string;
  isChecked: (priority: ConversationPriority) => boolean;
  onPick: (priority: ConversationPriority) => void;
};

/** The most urgent first, as one looks for it. */
export function PriorityChoice({ state, label, isChecked, onPick }: ChoiceProps) {
  return (
    <PopoverButton
      label={m.priority.title}
      state={state}
      trigger={(props) => <Button small icon="flag" title={`${label} (p)`} aria-label={label} {...props} />}
    >
      <Picker
        label={m.priority.find}
        empty={m.priority.none}
        options={optionsOf(isChecked)}
        onPick={(option) => {
          state.close();
          const picked = PRIORITIES.find((each) => each === option.id);
          if (picked) onPick(picked);
        }}
      />
    </PopoverButton>
  );
}

export function PriorityControl({ conversation }: { conversation: Conversation }) {
  const popover = usePopover();
  const { mutate } = usePatchConversation();
  useCommands({ priority: popover.show });
  const { priority } = conversation;
  return (
    <span className={styles.roomy}>
      <PriorityChoice
        state={popover}
        label={m.priority.is(m.priority.names[priority])}
        isChecked={(each) => each === priority}
        onPick={(picked) => mutate({ conversation, patch: { priority: picked } })}
      />
    </span>
  );
}

/** For a phone's menu, which has no room for one more button. */
export function usePriorityItems(conversation: Conversation): MenuItem[] {
  const { mutate } = usePatchConversation();
  return [
    { heading: m.priority.title },
    ...PRIORITIES.map((priority) => ({
      label: m.priority.names[priority],
      checked: priority === conversation.priority,
      run: () => mutate({ conversation, patch: { priority } }),
    })),
  ];
}
