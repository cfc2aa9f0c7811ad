/** Which keys mean which command. Pure: presses in, commands out; where they go is dispatcher.ts's. */

/** A saved view by its place in the navigation. */
export type ViewNumber = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;
export const VIEW_NUMBERS: ViewNumber[] = [1, 2, 3, 4, 5, 6, 7, 8, 9];

export type Command =
  | "next"
  | "previous"
  | "open"
  | "back"
  | "search"
  | "resolve"
  | "reply"
  | "note"
  | "forward"
  | "assign"
  | "snooze"
  | "labels"
  | "priority"
  | "toggleUnread"
  | "select"
  | "selectNext"
  | "selectPrevious"
  | "selectAll"
  | "first"
  | "last"
  | "compose"
  | "goMentions"
  | `goView${ViewNumber}`
  | "goInbox"
  | "goChannels"
  | "goWebhooks"
  | "goOutbox"
  | "goKeys"
  | "goMessages"
  | "goBroadcasts"
  | "goLists"
  | "goDomains"
  | "goSuppressions"
  | "goAnalytics"
  | "goInsight"
  | "goTemplates"
  | "goPeople"
  | "goSettings"
  | "goContacts"
  | "palette"
  | "help";

export type Press = {
  key: string;
  ctrl: boolean;
  meta: boolean;
  alt: boolean;
  /** Where somebody types: letters are letters there. */
  typing: boolean;
  /** On a link or a button, which answer to Enter themselves. */
  onControl: boolean;
  atMs: number;
};

export type Pending = { prefix: "g"; atMs: number } | null;

/** How long the second key of a sequence may take. */
export const SEQUENCE_MS_MAX = 1_200;

const SINGLE: Record<string, Command> = {
  j: "next",
  ArrowDown: "next",
  k: "previous",
  ArrowUp: "previous",
  o: "open",
  Enter: "open",
  u: "back",
  "/": "search",
  e: "resolve",
  r: "reply",
  n: "note",
  f: "forward",
  a: "assign",
  h: "snooze",
  l: "labels",
  p: "priority",
  U: "toggleUnread",
  x: "select",
  J: "selectNext",
  K: "selectPrevious",
  Home: "first",
  End: "last",
  c: "compose",
  "?": "help",
};

const AFTER_G: Record<string, Command> = {
  i: "goInbox",
  c: "goChannels",
  w: "goWebhooks",
  o: "goOutbox",
  k: "goKeys",
  m: "goMessages",
  b: "goBroadcasts",
  l: "goLists",
  d: "goDomains",
  s: "goSuppressions",
  a: "goAnalytics",
  f: "goInsight",
  t: "goTemplates",
  n: "goMentions",
  ...Object.fromEntries(VIEW_NUMBERS.map((number) => [number, `goView${number}` as const])),
  p: "goPeople",
  ",": "goSettings",
  u: "goContacts",
};

export function interpret(pending: Pending, press: Press): { pending: Pending; command: Command | null } {
  if ((press.ctrl || press.meta) && !press.alt && press.key.toLowerCase() === "k") {
    return { pending: null, command: "palette" };
  }
  if ((press.ctrl || press.meta) && !press.alt && !press.typing && press.key.toLowerCase() === "a") {
    return { pending: null, command: "selectAll" };
  }
  if (press.typing || press.ctrl || press.meta || press.alt) return { pending: null, command: null };
  if (pending && press.atMs - pending.atMs <= SEQUENCE_MS_MAX) {
    const command = AFTER_G[press.key];
    if (command) return { pending: null, command };
  }
  if (press.key === "g") return { pending: { prefix: "g", atMs: press.atMs }, command: null };
  if (press.key === "Enter" && press.onControl) return { pending: null, command: null };
  return { pending: null, command: SINGLE[press.key] ?? null };
}

/** For the overview: the keys of each command, in groups. */
export const OVERVIEW: { group: "move" | "conversation" | "go" | "app"; keys: [keyof HelpKeys, string[][]][] }[] = [
  {
    group: "move",
    keys: [
      ["next", [["j"]]],
      ["previous", [["k"]]],
      ["open", [["Enter"], ["o"]]],
      ["back", [["u"]]],
      ["search", [["/"]]],
      ["first", [["Home"]]],
      ["last", [["End"]]],
      ["select", [["x"]]],
      ["selectNext", [["J"]]],
      ["selectPrevious", [["K"]]],
      ["selectAll", [["Ctrl", "A"]]],
    ],
  },
  {
    group: "conversation",
    keys: [
      ["reply", [["r"]]],
      ["note", [["n"]]],
      ["forward", [["f"]]],
      ["resolve", [["e"]]],
      ["assign", [["a"]]],
      ["snooze", [["h"]]],
      ["labels", [["l"]]],
      ["priority", [["p"]]],
      ["toggleUnread", [["U"]]],
      ["send", [["Ctrl", "Enter"]]],
      ["sendAndResolve", [["Ctrl", "Shift", "Enter"]]],
    ],
  },
  {
    group: "go",
    keys: [
      ["goInbox", [["g", "i"]]],
      ["goMentions", [["g", "n"]]],
      ["goView1", [["g", "1"]]],
      ["goChannels", [["g", "c"]]],
      ["goWebhooks", [["g", "w"]]],
      ["goOutbox", [["g", "o"]]],
      ["goKeys", [["g", "k"]]],
      ["goMessages", [["g", "m"]]],
      ["goBroadcasts", [["g", "b"]]],
      ["goLists", [["g", "l"]]],
      ["goDomains", [["g", "d"]]],
      ["goTemplates", [["g", "t"]]],
      ["goSuppressions", [["g", "s"]]],
      ["goAnalytics", [["g", "a"]]],
      ["goInsight", [["g", "f"]]],
      ["goPeople", [["g", "p"]]],
      ["goSettings", [["g", ","]]],
      ["goContacts", [["g", "u"]]],
    ],
  },
  {
    group: "app",
    keys: [
      ["compose", [["c"]]],
      ["palette", [["Ctrl", "K"]]],
      ["help", [["?"]]],
      ["escape", [["Esc"]]],
    ],
  },
];

type HelpKeys = Record<Command | "send" | "sendAndResolve" | "escape", string>;
