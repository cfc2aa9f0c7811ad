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
  expired: "Ihre Sitzung ist beendet. Melden Sie sich erneut an; Entwürfe bleiben in diesem Browser erhalten.",
};
