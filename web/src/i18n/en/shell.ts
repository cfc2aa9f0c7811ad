/** What surrounds every page: navigation, the connection, errors, the palette, the keys. */

export const time = {
  now: "now",
  minutes: (n: number) => `${n}m`,
  today: "Today",
  yesterday: "Yesterday",
  moments: {
    laterToday: "Later today",
    tomorrow: "Tomorrow morning",
    monday: "Monday morning",
    nextWeek: "In a week",
  },
  pick: "Pick a date and time",
  past: "Choose a time that is still to come.",
};

export const errors = {
  offline: "The server could not be reached.",
  unknown: "Something went wrong in the browser.",
  unexplained: (status: number) => `The server answered ${status} without saying why.`,
  adviceOffline: "Check your connection. What you typed is kept in this browser.",
  adviceForbidden: "Ask an administrator of this workspace to do it, or for the role you need.",
  adviceGone: "It may have been deleted meanwhile. Go back and reload the list.",
  adviceSlowDown: "Wait a few seconds, then try again.",
  adviceServer: "This is the server's fault. Its log says more; try again in a moment.",
  requestId: "Request id:",
  pageTitle: "This page stopped working",
  pageText: "Reload it. Drafts are kept in this browser.",
  reload: "Reload",
};

export const connection = {
  offline: "You are offline. Changes can't be sent; drafts are kept in this browser.",
  reconnecting: "Live updates are interrupted. Reconnecting…",
};

export const nav = {
  label: "Main",
  conversations: "Conversations",
  conversationsShort: "Inbox",
  channels: "Channels",
  webhooks: "Webhooks",
  outbox: "Sandbox outbox",
  outboxShort: "Outbox",
  apiKeys: "API keys",
  apiKeysShort: "Keys",
  sending: "Sending",
  messages: "Messages",
  broadcasts: "Broadcasts",
  lists: "Lists",
  domains: "Domains",
  suppressions: "Suppressions",
  analytics: "Analytics",
  templates: "Templates",
  morePages: "More pages",
  views: "Views",
  compose: "New message",
  search: "Search and commands",
  account: "Account",
  help: "Keyboard shortcuts",
  apiDocs: "API documentation",
  signOut: "Sign out",
  signOutFailed: "You are still signed in",
  theme: "Theme",
  undo: "Undo sending",
  undoFor: (seconds: number) => (seconds === 0 ? "Off" : `For ${seconds} seconds`),
  themes: { system: "System", light: "Light", dark: "Dark" },
  language: "Language",
  /** Beside the names of the languages, which are the same in all of them. */
  languageOfBrowser: "System",
};

export const views = {
  open: "Open",
  mine: "Assigned to me",
  unassigned: "Unassigned",
  unread: "Unread",
  pending: "Pending",
  snoozed: "Snoozed",
  resolved: "Resolved",
  all: "All",
};

export const notFound = {
  title: "There is nothing at this address",
  text: "The link may be old.",
  home: "Go to the conversations",
};

export const unsaved = {
  title: "Leave without saving?",
  text: "What you changed on this page is not saved. It is lost when you leave.",
  leave: "Leave",
  stay: "Stay here",
};

export const palette = {
  title: "Command palette",
  placeholder: "Type a command or search…",
  none: "No command by that name",
  searchFor: (text: string) => `Search mail for “${text}”`,
  groups: { go: "Go to", act: "This conversation", app: "Postroom", search: "Search" },
};

export const help = {
  title: "Keyboard shortcuts",
  groups: { move: "Moving", conversation: "In a conversation", go: "Going places", app: "Everywhere" },
  keys: {
    next: "Next conversation",
    previous: "Previous conversation",
    open: "Open the conversation",
    back: "Back to the list",
    search: "Search",
    resolve: "Resolve or reopen",
    reply: "Reply",
    note: "Internal note",
    forward: "Forward the newest message",
    assign: "Assign",
    snooze: "Snooze",
    labels: "Labels",
    send: "Send what you wrote",
    escape: "Leave the editor, close what is open",
    goInbox: "Conversations",
    goChannels: "Channels",
    goWebhooks: "Webhooks",
    goOutbox: "Sandbox outbox",
    goKeys: "API keys",
    goMessages: "Messages",
    goBroadcasts: "Broadcasts",
    goLists: "Lists",
    goDomains: "Domains",
    goSuppressions: "Suppressions",
    goAnalytics: "Analytics",
    goTemplates: "Templates",
    compose: "New message",
    palette: "Command palette",
    help: "Keyboard shortcuts",
  },
  /** As they are printed on the keyboards of the language. */
  keyNames: { Ctrl: "Ctrl", Enter: "Enter", Esc: "Esc" } as Record<string, string>,
  afterwards: "then",
  or: "or",
};
