/** What surrounds every page: navigation, the connection, errors, the palette, the keys. */

import type {
  connection as EnglishConnection,
  errors as EnglishErrors,
  help as EnglishHelp,
  nav as EnglishNav,
  notFound as EnglishNotFound,
  palette as EnglishPalette,
  time as EnglishTime,
  unsaved as EnglishUnsaved,
  views as EnglishViews,
} from "../en/shell";

export const time: typeof EnglishTime = {
  now: "jetzt",
  minutes: (n: number) => `${n} Min.`,
  today: "Heute",
  yesterday: "Gestern",
  moments: {
    laterToday: "Später heute",
    tomorrow: "Morgen früh",
    monday: "Montag früh",
    nextWeek: "In einer Woche",
  },
  pick: "Datum und Uhrzeit wählen",
  past: "Wählen Sie einen Zeitpunkt in der Zukunft.",
};

export const errors: typeof EnglishErrors = {
  offline: "Der Server war nicht erreichbar.",
  unknown: "Im Browser ist etwas schiefgegangen.",
  unexplained: (status: number) => `Der Server hat mit ${status} geantwortet, ohne einen Grund zu nennen.`,
  adviceOffline: "Prüfen Sie Ihre Verbindung. Was Sie geschrieben haben, bleibt in diesem Browser erhalten.",
  adviceForbidden: "Bitten Sie einen Administrator dieses Workspace, es zu tun oder Ihnen die nötige Rolle zu geben.",
  adviceGone: "Vielleicht wurde es inzwischen gelöscht. Gehen Sie zurück und laden Sie die Liste neu.",
  adviceSlowDown: "Warten Sie einige Sekunden und versuchen Sie es erneut.",
  adviceServer: "Das liegt am Server. In seinem Protokoll steht mehr; versuchen Sie es gleich noch einmal.",
  requestId: "Anfrage-ID:",
  pageTitle: "Diese Seite funktioniert nicht mehr",
  pageText: "Laden Sie sie neu. Entwürfe bleiben in diesem Browser erhalten.",
  reload: "Neu laden",
};

export const connection: typeof EnglishConnection = {
  offline: "Sie sind offline. Änderungen können nicht gesendet werden; Entwürfe bleiben in diesem Browser erhalten.",
  reconnecting: "Live-Aktualisierungen sind unterbrochen. Verbindung wird wiederhergestellt…",
};

export const nav: typeof EnglishNav = {
  label: "Hauptnavigation",
  conversations: "Konversationen",
  conversationsShort: "Eingang",
  channels: "Kanäle",
  webhooks: "Webhooks",
  outbox: "Sandbox-Ausgang",
  outboxShort: "Ausgang",
  apiKeys: "API-Schlüssel",
  apiKeysShort: "Schlüssel",
  sending: "Versand",
  messages: "Nachrichten",
  broadcasts: "Rundmails",
  lists: "Listen",
  domains: "Domains",
  suppressions: "Sperrliste",
  analytics: "Auswertung",
  templates: "Vorlagen",
  morePages: "Weitere Seiten",
  views: "Ansichten",
  compose: "Neue Nachricht",
  search: "Suche und Befehle",
  account: "Konto",
  help: "Tastenkürzel",
  apiDocs: "API-Dokumentation",
  signOut: "Abmelden",
  signOutFailed: "Sie sind noch angemeldet",
  theme: "Design",
  undo: "Senden rückgängig machen",
  undoFor: (seconds: number) => (seconds === 0 ? "Aus" : `${seconds} Sekunden lang`),
  themes: { system: "System", light: "Hell", dark: "Dunkel" },
  language: "Sprache",
  languageOfBrowser: "System",
};

export const views: typeof EnglishViews = {
  open: "Offen",
  mine: "Mir zugewiesen",
  unassigned: "Nicht zugewiesen",
  unread: "Ungelesen",
  pending: "Wartend",
  snoozed: "Zurückgestellt",
  resolved: "Erledigt",
  all: "Alle",
};

export const notFound: typeof EnglishNotFound = {
  title: "Unter dieser Adresse gibt es nichts",
  text: "Vielleicht ist der Link veraltet.",
  home: "Zu den Konversationen",
};

export const unsaved: typeof EnglishUnsaved = {
  title: "Verlassen, ohne zu speichern?",
  text: "Ihre Änderungen auf dieser Seite sind nicht gespeichert. Sie gehen verloren, wenn Sie sie verlassen.",
  leave: "Verlassen",
  stay: "Hier bleiben",
};

export const palette: typeof EnglishPalette = {
  title: "Befehlspalette",
  placeholder: "Befehl oder Suchbegriff eingeben…",
  none: "Kein Befehl mit diesem Namen",
  searchFor: (text: string) => `E-Mails nach „${text}“ durchsuchen`,
  groups: { go: "Gehe zu", act: "Diese Konversation", app: "Postroom", search: "Suche" },
};

export const help: typeof EnglishHelp = {
  title: "Tastenkürzel",
  groups: { move: "Bewegen", conversation: "In einer Konversation", go: "Seiten wechseln", app: "Überall" },
  keys: {
    next: "Nächste Konversation",
    previous: "Vorherige Konversation",
    open: "Konversation öffnen",
    back: "Zurück zur Liste",
    search: "Suchen",
    resolve: "Erledigen oder wieder öffnen",
    reply: "Antworten",
    note: "Interne Notiz",
    forward: "Neueste Nachricht weiterleiten",
    assign: "Zuweisen",
    snooze: "Zurückstellen",
    labels: "Labels",
    send: "Geschriebenes senden",
    escape: "Editor verlassen, Offenes schließen",
    goInbox: "Konversationen",
    goChannels: "Kanäle",
    goWebhooks: "Webhooks",
    goOutbox: "Sandbox-Ausgang",
    goKeys: "API-Schlüssel",
    goMessages: "Nachrichten",
    goBroadcasts: "Rundmails",
    goLists: "Listen",
    goDomains: "Domains",
    goSuppressions: "Sperrliste",
    goAnalytics: "Auswertung",
    goTemplates: "Vorlagen",
    compose: "Neue Nachricht",
    palette: "Befehlspalette",
    help: "Tastenkürzel",
  },
  keyNames: { Ctrl: "Strg", Enter: "Eingabe", Esc: "Esc" },
  afterwards: "dann",
  or: "oder",
};
