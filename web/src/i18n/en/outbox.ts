/** The sandbox's outbox. */

export const outbox = {
  title: "Sandbox outbox",
  lead: "What Postroom captures instead of sending: nothing here leaves the machine.",
  empty: "Nothing was captured yet",
  emptyText: "Answer a conversation of a channel without a way out, and the mail shows up here.",
  failed: "The outbox could not be loaded",
  oneFailed: "This mail could not be loaded",
  notFound: "There is no such mail",
  back: "Back to the outbox",
  pick: "Pick a mail",
  pickText: "You see it as its recipient would.",
  preview: "Preview",
  text: "Text",
  raw: "Raw",
  formats: "How to show it",
  inConversation: "Open its conversation",
  noHtml: "This mail has no HTML part.",
  to: (names: string) => `To ${names}`,
};
