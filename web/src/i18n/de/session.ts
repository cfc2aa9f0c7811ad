/** Signing in. */

import type { signIn as English } from "../en/session";

export const signIn: typeof English = {
  title: "Bei Postroom anmelden",
  lead: "Die E-Mails Ihres Workspace an einem Ort.",
  email: "E-Mail",
  password: "Passwort",
  submit: "Anmelden",
  working: "Sie werden angemeldet…",
  withLink: "Sie werden über den Link angemeldet…",
  linkFailed: "Dieser Anmeldelink kann nicht verwendet werden",
  linkAdvice: "Ein Link gilt nur einmal und nur für kurze Zeit. Melden Sie sich unten an oder lassen Sie sich von einem Administrator erneut einladen; der erste erhält einen Link, wenn er den Server neu startet.",
  hint: "Beim ersten Start gibt der Server einen Anmeldelink und das Passwort des Administrators aus.",
  failed: "Anmeldung fehlgeschlagen",
  failedAdvice: "Prüfen Sie auf Tippfehler und die Feststelltaste. Passwort vergessen? Administratoren können Sie mit einem neuen Link erneut einladen.",
  codeTitle: "Geben Sie Ihren Code ein",
  codeLead: "Ihr Passwort stimmt. Ihre Authenticator-App zeigt den Code.",
  code: "Einmalcode",
  codeHint: "Sechs Ziffern der App oder ein Wiederherstellungscode.",
  codeFailed: "Der Code wurde nicht angenommen",
  beginAgain: "Als jemand anderes anmelden",
  or: "oder",
  continueWith: (name: string) => `Weiter mit ${name}`,
  providerFailed: "Der Anbieter hat Sie nicht angemeldet",
  refusals: {
    off: "Die Anmeldung mit diesem Anbieter ist ausgeschaltet. Melden Sie sich mit Ihrem Passwort an oder wenden Sie sich an einen Administrator.",
    provider: "Der Anbieter war nicht zu erreichen, oder seiner Antwort war nicht zu trauen. Ein Administrator findet die Ursache über die Prüfung in den Einstellungen und im Protokoll des Servers.",
    denied: "Der Anbieter hat abgelehnt, oder Sie haben dort nicht zugestimmt. Versuchen Sie es erneut oder melden Sie sich mit Ihrem Passwort an.",
    expired: "Es hat zu lange gedauert oder wurde in einem anderen Browser begonnen. Beginnen Sie von vorn.",
    unverifiedEmail: "Der Anbieter bürgt nicht für Ihre E-Mail-Adresse. Bestätigen Sie die Adresse dort und versuchen Sie es erneut.",
    otherDomain: "Ihre E-Mail-Adresse beim Anbieter gehört zu einer Domain, die hier nicht zugelassen ist. Melden Sie sich dort mit einem anderen Konto an.",
    unknown: "Mit Ihrer E-Mail-Adresse ist hier noch niemand bekannt. Lassen Sie sich von einem Administrator einladen.",
  },
  expired: "Ihre Sitzung ist beendet. Melden Sie sich erneut an; Entwürfe bleiben in diesem Browser erhalten.",
};
