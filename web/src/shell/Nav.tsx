/** The main navigation: a column, a rail of icons on narrow screens, a bar at the bottom of a phone. */

import { useQuery } from "@tanstack/react-query";
import { Link, useLocation, useSearch } from "wouter";
import { conversations } from "../api/endpoints";
import { keys } from "../api/keys";
import { LANGUAGES, locale, m, type Language } from "../i18n";
import { filterFromSearch, searchFromFilter, type ConversationFilter } from "../conversations/filter";
import { keyName, run } from "../keyboard/dispatcher";
import { signOut, useSession } from "../session/useSession";
import { chosenLanguage } from "../settings/language";
import { setUndoSeconds, UNDO_CHOICES, undoSeconds } from "../settings/undo";
import { currentTheme, setTheme, type Theme } from "../settings/theme";
import { useChangeMe } from "../people/changes";
import { Avatar, Badge } from "../ui/bits";
import { Button, classNames, IconButton } from "../ui/Button";
import { Icon, type IconName } from "../ui/Icon";
import { Menu, type MenuItem } from "../ui/Menu";
import { toastProblem } from "../ui/toast";
import { SavedViews } from "../views/SavedViews";
import { changeLanguage } from "./changeLanguage";
import { Logo } from "./Logo";
import styles from "./Nav.module.css";

export function useCounts() {
  return useQuery({ queryKey: keys.counts, queryFn: ({ signal }) => conversations.counts(signal) });
}

type View = { name: keyof typeof m.views; filter: ConversationFilter; count?: "open" | "mine" | "unassigned" | "unread" | "mentions" | "snoozed" | "pending" };

export const VIEWS: View[] = [
  { name: "open", filter: { status: "open" }, count: "open" },
  { name: "mine", filter: { status: "open", assignee: "me" }, count: "mine" },
  { name: "unassigned", filter: { status: "open", assignee: "none" }, count: "unassigned" },
  { name: "unread", filter: { status: "open", unread: true }, count: "unread" },
  { name: "mentions", filter: { status: "all", mentioned: true }, count: "mentions" },
  { name: "pending", filter: { status: "pending" }, count: "pending" },
  { name: "snoozed", filter: { status: "snoozed" }, count: "snoozed" },
  { name: "resolved", filter: { status: "resolved" } },
];

/** Pages a phone's bar has no room for: they are behind its “More”. */
type PageLink = { href: string; icon: IconName; label: string; also?: string[] };

const ROOMY: PageLink[] = [
  { href: "/insight", icon: "chart", label: m.nav.insight, also: ["/analytics", "/ratings"] },
  { href: "/contacts", icon: "people", label: m.nav.contacts },
  { href: "/people", icon: "person", label: m.nav.people, also: ["/teams"] },
  { href: "/automations", icon: "bolt", label: m.nav.automations, also: ["/sla-policies", "/business-hours"] },
  { href: "/webhooks", icon: "webhook", label: m.nav.webhooks },
];
const FOR_ADMINS: PageLink[] = [
  { href: "/api-keys", icon: "key", label: m.nav.apiKeys },
  { href: "/settings", icon: "sliders", label: m.nav.settings, also: ["/retention", "/audit-log"] },
];
const SENDING: PageLink[] = [
  { href: "/messages", icon: "send", label: m.nav.messages },
  { href: "/broadcasts", icon: "megaphone", label: m.nav.broadcasts },
  { href: "/lists", icon: "people", label: m.nav.lists },
  { href: "/domains", icon: "globe", label: m.nav.domains },
  { href: "/templates", icon: "file", label: m.nav.templates },
  { href: "/suppressions", icon: "block", label: m.nav.suppressions },
];

function isAt(location: string, href: string): boolean {
  return location === href || location.startsWith(`${href}/`);
}

/** At one of the pages that a link stands for. */
function isCurrent(location: string, { href, also = [] }: { href: string; also?: string[] }): boolean {
  return [href, ...also].some((each) => isAt(location, each));
}

function NavLink(props: { href: string; icon: IconName; label: string; short?: string; roomy?: boolean; also?: string[] }) {
  const [location] = useLocation();
  const current = isCurrent(location, props);
  return (
    <Link href={props.href} className={classNames(styles.link, props.roomy && styles.roomy)} aria-current={current ? "page" : undefined} title={props.label}>
      <Icon name={props.icon} />
      <span className={styles.words}>{props.label}</span>
      <span className={styles.short}>{props.short ?? props.label}</span>
    </Link>
  );
}

function Views() {
  const [location] = useLocation();
  const search = useSearch();
  const counts = useCounts().data;
  const here = location.startsWith("/conversations") ? searchFromFilter(filterFromSearch(search)) : null;
  return (
    <ul className={styles.views} aria-label={m.nav.views}>
      {VIEWS.map((view) => {
        const target = searchFromFilter(view.filter);
        const n = view.count ? counts?.[view.count] : undefined;
        return (
          <li key={view.name}>
            <Link
              href={`/conversations${target}`}
              className={styles.link}
              aria-current={here === target ? "true" : undefined}
            >
              <span>{m.views[view.name]}</span>
              {n ? <span className={styles.count}>{n.toLocaleString(locale)}</span> : null}
            </Link>
          </li>
        );
      })}
    </ul>
  );
}

function MorePages() {
  const [location, navigate] = useLocation();
  const { user } = useSession();
  const others = user.role === "admin" ? [...ROOMY, ...FOR_ADMINS] : ROOMY;
  const current = [...SENDING, ...others].some((each) => isCurrent(location, each));
  const itemOf = ({ href, icon, label }: PageLink): MenuItem => ({ label, icon, run: () => navigate(href) });
  return (
    <div className={styles.moreAnchor}>
      <Menu
        label={m.nav.morePages}
        items={[{ heading: m.nav.sending }, ...SENDING.map(itemOf), "separator", ...others.map(itemOf)]}
        trigger={(props) => (
          <button type="button" className={classNames(styles.link, styles.account)} aria-current={current || undefined} {...props}>
            <Icon name="more" />
            <span className={styles.short}>{m.more}</span>
          </button>
        )}
      />
    </div>
  );
}

function languageItems(): MenuItem[] {
  const chosen = chosenLanguage();
  const names = Object.entries(LANGUAGES) as [Language, { name: string }][];
  return [
    { label: m.nav.languageOfBrowser, checked: chosen === "system", run: () => changeLanguage("system") },
    ...names.map(([each, { name }]) => ({ label: name, lang: each, checked: chosen === each, run: () => changeLanguage(each) })),
  ];
}

function AccountMenu({ onHelp }: { onHelp: () => void }) {
  const { user, workspace } = useSession();
  const [, navigate] = useLocation();
  const changeMe = useChangeMe();
  const name = user.name ?? user.email;
  const theme = currentTheme();
  const themeItem = (each: Theme): MenuItem => ({
    label: m.nav.themes[each],
    checked: theme === each,
    run: () => setTheme(each),
  });
  const items: MenuItem[] = [
    { heading: `${user.email} · ${workspace.name}` },
    { label: m.nav.profile, icon: "person", run: () => navigate("/profile") },
    {
      label: user.available ? m.nav.goAway : m.nav.comeBack,
      icon: user.available ? "pause" : "play",
      run: () => changeMe.mutate({ available: !user.available }),
    },
    "separator",
    { heading: m.nav.theme },
    themeItem("system"),
    themeItem("light"),
    themeItem("dark"),
    "separator",
    { heading: m.nav.language },
    ...languageItems(),
    "separator",
    { heading: m.nav.undo },
    ...UNDO_CHOICES.map((seconds) => ({
      label: m.nav.undoFor(seconds),
      checked: undoSeconds() === seconds,
      run: () => setUndoSeconds(seconds),
    })),
    "separator",
    { label: m.nav.help, icon: "help", hint: "?", run: onHelp },
    { label: m.nav.apiDocs, icon: "book", run: () => window.open("/docs", "_blank", "noopener") },
    {
      label: m.nav.signOut,
      icon: "leave",
      run: () => void signOut().catch((error: unknown) => toastProblem(m.nav.signOutFailed, error)),
    },
  ];
  return (
    <div className={styles.accountAnchor}>
      <Menu
        label={m.nav.account}
        items={items}
        trigger={(props) => (
          <button type="button" className={classNames(styles.link, styles.account)} title={`${m.nav.account}: ${name}`} {...props}>
            <Avatar name={name} size={24} />
            <span className={styles.words}>{name}</span>
            {!user.available && (
              <span className={styles.away}>
                <Badge tone="warn">{m.people.away}</Badge>
              </span>
            )}
          </button>
        )}
      />
    </div>
  );
}

export function Nav({ onHelp }: { onHelp: () => void }) {
  const { workspace, user } = useSession();
  return (
    <nav className={styles.nav} aria-label={m.nav.label}>
      <div className={styles.brand}>
        <Logo />
        <div className={styles.words}>
          <strong>{m.product}</strong>
          {workspace.name !== m.product && <span>{workspace.name}</span>}
        </div>
      </div>
      <div className={styles.tools}>
        <Button icon="edit" title={`${m.nav.compose} (c)`} aria-label={m.nav.compose} onClick={() => run("compose")}>
          <span className={styles.words}>{m.nav.compose}</span>
        </Button>
        <IconButton icon="search" variant="default" label={m.nav.search} shortcut={`${keyName("Ctrl")} K`} onClick={() => run("palette")} />
      </div>
      <div className={styles.pages}>
        <NavLink href="/conversations" icon="inbox" label={m.nav.conversations} short={m.nav.conversationsShort} />
        <Views />
        <SavedViews listClass={styles.views ?? ""} linkClass={styles.link ?? ""} />
        <NavLink href="/channels" icon="channel" label={m.nav.channels} />
        <NavLink href="/outbox" icon="outbox" label={m.nav.outbox} short={m.nav.outboxShort} />
        {(user.role === "admin" ? [...ROOMY, ...FOR_ADMINS] : ROOMY).map((page) => (
          <NavLink key={page.href} {...page} roomy />
        ))}
        <div className={styles.group} role="group" aria-label={m.nav.sending}>
          <span className={styles.groupName} aria-hidden="true">
            {m.nav.sending}
          </span>
          {SENDING.map((page) => (
            <NavLink key={page.href} {...page} roomy />
          ))}
        </div>
        <MorePages />
      </div>
      <AccountMenu onHelp={onHelp} />
    </nav>
  );
}
