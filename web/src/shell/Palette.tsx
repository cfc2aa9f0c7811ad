/** The command palette: every command by name, and mail by its words. */

import { useState } from "react";
import { useLocation } from "wouter";
import { searchFromFilter } from "../conversations/filter";
import { LANGUAGES, m, type Language } from "../i18n";
import { run } from "../keyboard/dispatcher";
import type { Command } from "../keyboard/keymap";
import { setTheme } from "../settings/theme";
import { Kbd } from "../ui/bits";
import { Dialog } from "../ui/Dialog";
import { useViews } from "../views/queries";
import { addressOfView } from "../views/viewFilter";
import { narrow, Picker, type PickerOption } from "../ui/Picker";
import { changeLanguage } from "./changeLanguage";
import { VIEWS } from "./Nav";

type Entry = { id: string; label: string; group: string; keys?: string; run: () => void };

function commandEntry(command: Command, group: string, keys: string): Entry {
  return { id: command, label: m.help.keys[command], group, keys, run: () => run(command) };
}

/** Pages without a key of their own. */
const KEYLESS: [string, string][] = [
  ["/automations", m.nav.automations],
  ["/teams", m.teams.title],
  ["/ratings", m.nav.ratings],
  ["/profile", m.nav.profile],
];

/** `place`: what the commands of a conversation would mean. */
function entries(place: "conversation" | "row" | null): Entry[] {
  const { go, act, app } = m.palette.groups;
  const theme = (each: "system" | "light" | "dark"): Entry => ({
    id: `theme-${each}`,
    label: `${m.nav.theme}: ${m.nav.themes[each]}`,
    group: app,
    run: () => setTheme(each),
  });
  const languages = (Object.keys(LANGUAGES) as Language[]).map((each) => ({
    id: `language-${each}`,
    label: `${m.nav.language}: ${LANGUAGES[each].name}`,
    group: app,
    run: () => changeLanguage(each),
  }));
  return [
    ...(place === "conversation"
      ? [commandEntry("reply", act, "r"), commandEntry("note", act, "n"), commandEntry("forward", act, "f")]
      : []),
    ...(place !== null
      ? [
          commandEntry("resolve", act, "e"),
          commandEntry("assign", act, "a"),
          commandEntry("snooze", act, "h"),
          commandEntry("labels", act, "l"),
          commandEntry("priority", act, "p"),
          commandEntry("toggleUnread", act, "U"),
        ]
      : []),
    commandEntry("goInbox", go, "g i"),
    commandEntry("goMentions", go, "g n"),
    commandEntry("goChannels", go, "g c"),
    commandEntry("goWebhooks", go, "g w"),
    commandEntry("goOutbox", go, "g o"),
    commandEntry("goKeys", go, "g k"),
    commandEntry("goMessages", go, "g m"),
    commandEntry("goBroadcasts", go, "g b"),
    commandEntry("goLists", go, "g l"),
    commandEntry("goDomains", go, "g d"),
    commandEntry("goTemplates", go, "g t"),
    commandEntry("goSuppressions", go, "g s"),
    commandEntry("goAnalytics", go, "g a"),
    commandEntry("goInsight", go, "g f"),
    commandEntry("goPeople", go, "g p"),
    commandEntry("goSettings", go, "g ,"),
    commandEntry("goContacts", go, "g u"),
    commandEntry("compose", app, "c"),
    commandEntry("help", app, "?"),
    theme("light"),
    theme("dark"),
    theme("system"),
    ...languages,
  ];
}

export function Palette({ onClose }: { onClose: () => void }) {
  const [location, navigate] = useLocation();
  const views = useViews().data ?? [];
  const saved: Entry[] = views.map((view, index) => ({
    id: view.id,
    label: view.name,
    group: m.palette.groups.views,
    keys: index < 9 ? `g ${index + 1}` : undefined,
    run: () => navigate(addressOfView(view)),
  }));
  // Asked before the dialog takes the focus.
  const [onRow] = useState(() => document.activeElement?.closest("[data-row]") != null);
  const place = /^\/conversations\/./.test(location) ? "conversation" : onRow ? "row" : null;
  const pages: Entry[] = KEYLESS.map(([href, label]) => ({ id: href, label, group: m.palette.groups.go, run: () => navigate(href) }));
  const usual: Entry[] = VIEWS.map(({ name, filter }) => ({
    id: `view-${name}`,
    label: m.views[name],
    group: m.palette.groups.views,
    run: () => navigate(`/conversations${searchFromFilter(filter)}`),
  }));
  const listed = entries(place);
  const app = listed.findIndex((entry) => entry.group === m.palette.groups.app);
  const all = [...listed.slice(0, app), ...pages, ...usual, ...saved, ...listed.slice(app)];
  const options: PickerOption[] = all.map((entry) => ({
    id: entry.id,
    label: entry.label,
    group: entry.group,
    keywords: entry.group,
    hint: entry.keys && <Kbd>{entry.keys}</Kbd>,
  }));

  const shown = (typed: string): PickerOption[] => {
    const words = typed.trim();
    const found = narrow(options, typed);
    if (!words) return found;
    return [...found, { id: "search", label: m.palette.searchFor(words), keywords: words, group: m.palette.groups.search }];
  };

  return (
    <Dialog title={m.palette.title} onClose={onClose} top>
      <Picker
        label={m.palette.placeholder}
        empty={m.palette.none}
        options={shown}
        onPick={(option) => {
          onClose();
          if (option.id === "search") {
            navigate(`/conversations?${new URLSearchParams({ q: option.keywords ?? "" })}`);
            return;
          }
          // The dialog gives the focus back first; the command may then move it.
          setTimeout(() => all.find((entry) => entry.id === option.id)?.run());
        }}
      />
    </Dialog>
  );
}
