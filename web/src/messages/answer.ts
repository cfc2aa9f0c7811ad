/** What a mail server's answer means: its class, its code and the reason, as a name that the texts have words for. Pure. */

export type Meaning =
  | "accepted"
  | "captured"
  | "suppressed"
  | "userUnknown"
  | "domainUnknown"
  | "mailboxDisabled"
  | "mailboxFull"
  | "tooLarge"
  | "greylisted"
  | "tooMany"
  | "spam"
  | "blocklisted"
  | "unauthenticated"
  | "policy"
  | "tls"
  | "busy"
  | "loop"
  | "dns"
  | "unreachable"
  | "laterUnsaid"
  | "refusedUnsaid";

export type Answer = {
  /** 2: taken, 4: not now, 5: never; `null` where nobody answered. */
  class: 2 | 4 | 5 | null;
  /** It came back later, in a report about the mail. */
  reported: boolean;
  meaning: Meaning;
};

const HEAD = /^(?:reported:\s*)?(?:smtp;\s*)?(?:([245])\d\d(?:[ -]|$))?\s*(?:([245])\.(\d{1,3}\.\d{1,3}))?/i;

/** RFC 3463 details that speak for themselves, whatever class they are of. */
const DETAILS: Record<string, Meaning> = {
  "1.1": "userUnknown",
  "1.2": "domainUnknown",
  "1.3": "userUnknown",
  "1.6": "userUnknown",
  "1.10": "domainUnknown",
  "2.1": "mailboxDisabled",
  "2.2": "mailboxFull",
  "2.3": "tooLarge",
  "3.1": "busy",
  "3.2": "busy",
  "3.4": "tooLarge",
  "4.1": "unreachable",
  "4.2": "unreachable",
  "4.3": "dns",
  "4.4": "dns",
  "4.5": "busy",
  "4.6": "loop",
  "7.4": "tls",
  "7.10": "tls",
  "7.11": "tls",
  "7.20": "unauthenticated",
  "7.23": "unauthenticated",
  "7.25": "unauthenticated",
  "7.26": "unauthenticated",
  "7.28": "tooMany",
};

/** Servers' words say more than their codes, which many use for everything; the first that fits. */
const WORDS: [RegExp, Meaning][] = [
  [/gr[ae]y-?list/i, "greylisted"],
  [/spamhaus|block ?list|black ?list|\bdnsbl\b|\brbl\b|poor reputation/i, "blocklisted"],
  [/too many|rate limit|throttl|\bquota of (?:messages|connections)|unusual rate/i, "tooMany"],
  [/over quota|quota exceeded|mailbox (?:is )?full|insufficient (?:system )?storage|out of storage/i, "mailboxFull"],
  [/\b(?:spf|dkim|dmarc)\b|unauthenticated|authentication(?:-| )results/i, "unauthenticated"],
  [/mta-sts|starttls|certificate|\btls\b/i, "tls"],
  [/spam|unsolicited|bulk mail|content rejected/i, "spam"],
  [/user unknown|unknown user|no such (?:user|mailbox|recipient)|(?:recipient|user|mailbox|address)\b.{0,40}(?:not found|does(?:n't| not) exist|unknown)/i, "userUnknown"],
  [/(?:mailbox|account|user).{0,30}(?:disabled|inactive|suspended)/i, "mailboxDisabled"],
  [/too large|size limit|exceeds.{0,30}size/i, "tooLarge"],
];

const UNREACHABLE = /\b(?:dns|name server|no address|no mail exchanger)\b/i;

export function readAnswer(response: string): Answer {
  const reported = /^reported:/i.test(response);
  if (/^not sent: the address is suppressed/.test(response)) return { class: null, reported, meaning: "suppressed" };
  if (/^captured by the sandbox/.test(response)) return { class: 2, reported, meaning: "captured" };
  const head = HEAD.exec(response);
  const digit = head?.[1] ?? head?.[2];
  const answerClass = digit === "2" ? 2 : digit === "4" ? 4 : digit === "5" ? 5 : null;
  return { class: answerClass, reported, meaning: meaningOf(response, answerClass, head?.[3]) };
}

function meaningOf(response: string, answerClass: Answer["class"], detail: string | undefined): Meaning {
  if (answerClass === 2) return "accepted";
  const known = detail && DETAILS[detail];
  if (known) return known;
  const said = WORDS.find(([pattern]) => pattern.test(response));
  if (said) return said[1];
  if (detail?.startsWith("7.")) return "policy";
  if (answerClass === null) return UNREACHABLE.test(response) ? "dns" : "unreachable";
  if (/^(?:reported:\s*)?421/i.test(response)) return "busy";
  return answerClass === 4 ? "laterUnsaid" : "refusedUnsaid";
}
