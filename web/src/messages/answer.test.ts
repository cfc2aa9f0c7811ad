import { expect, it } from "vitest";
import { m } from "../i18n";
import { readAnswer } from "./answer";

it.each([
  ["250 2.0.0 OK queued as 4XyZ", 2, "accepted"],
  ["captured by the sandbox; nothing left this machine", 2, "captured"],
  ["not sent: the address is suppressed for the workspace (hardBounce, sup_1)", null, "suppressed"],
  ["550 5.1.1 <ada@example.org>: Recipient address rejected: User unknown", 5, "userUnknown"],
  ["550-5.1.1 The email account that you tried to reach does not exist.", 5, "userUnknown"],
  ["550 No such user here", 5, "userUnknown"],
  ["552 5.2.2 The mailbox is full", 5, "mailboxFull"],
  ["452 4.2.2 Over quota", 4, "mailboxFull"],
  ["450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted, see http://postgrey", 4, "greylisted"],
  ["450 4.7.1 Greylisting in action", 4, "greylisted"],
  ["421 4.7.28 Our system has detected an unusual rate of unsolicited mail", 4, "tooMany"],
  ["421 too many connections from your address", 4, "tooMany"],
  ["421 try again later", 4, "busy"],
  ["550-5.7.26 This mail has been blocked because the sender is unauthenticated.", 5, "unauthenticated"],
  ["554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org", 5, "blocklisted"],
  ["554 5.7.1 Message looks like spam", 5, "spam"],
  ["550 5.7.1 Relaying denied", 5, "policy"],
  ["4.7.0 the domain's MTA-STS policy does not name mx.example.org; no mail is given to it", 4, "tls"],
  ["4.4.3 DNS did not say where mx.example.org is: timeout", 4, "dns"],
  ["5.4.4 example.org has no address", 5, "dns"],
  ["552 5.3.4 Message too big for system", 5, "tooLarge"],
  ["554 5.4.6 Too many hops", 5, "loop"],
  ["451 Local error in processing", 4, "laterUnsaid"],
  ["554 Transaction failed", 5, "refusedUnsaid"],
  ["the connection to mx.example.org:25 was refused", null, "unreachable"],
  ["reported: smtp; 550 5.1.1 unknown", 5, "userUnknown"],
])("%s", (response, answerClass, meaning) => {
  const answer = readAnswer(response);
  expect([answer.class, answer.meaning]).toEqual([answerClass, meaning]);
  expect(m.messages.meanings[answer.meaning]).toBeTruthy();
});

it("a report is told from an answer", () => {
  expect(readAnswer("reported: 550 5.1.1 unknown").reported).toBe(true);
  expect(readAnswer("550 5.1.1 unknown").reported).toBe(false);
});
