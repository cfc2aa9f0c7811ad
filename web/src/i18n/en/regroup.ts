/** Merging, splitting and moving conversations. */

export const regroup = {
  messageActions: "Actions on this message",
  split: "Make a new conversation from here",
  splitDone: "A conversation of its own",
  splitFailed: "The conversation could not be split",
  merge: "Merge with another conversation…",
  mergeTitle: "Merge with another conversation",
  mergeText: "The messages, labels and people of the one you choose come into this conversation. Answers to either arrive here.",
  mergeDone: (subject: string) => `“${subject}” was merged into this conversation`,
  mergeFailed: "The conversations could not be merged",
  find: "Find a conversation",
  moveTo: "Move to inbox",
  moved: (channel: string) => `Moved to ${channel}`,
  moveFailed: "The conversation could not be moved",
  failed: "It could not be undone",
};
