/** The signed-in dashboard around its pages: navigation, live connection, what is over everything else. */

import { lazy, Suspense, useRef, useState, type ReactNode } from "react";
import { useLocation } from "wouter";
import { useDraftSync } from "../composer/useDraftSync";
import { m } from "../i18n";
import { HelpOverlay } from "../keyboard/HelpOverlay";
import { useCommands } from "../keyboard/dispatcher";
import { ConnectionBanner } from "../live/ConnectionBanner";
import { useLive } from "../live/useLive";
import { VIEW_NUMBERS } from "../keyboard/keymap";
import { useSession } from "../session/useSession";
import { useViews } from "../views/queries";
import { addressOfView } from "../views/viewFilter";
import { Nav } from "./Nav";
import { Palette } from "./Palette";
import styles from "./Shell.module.css";

const NewMessage = lazy(() => import("../composer/NewMessage"));

export function Shell({ children }: { children: ReactNode }) {
  const session = useSession();
  const live = useLive(session);
  useDraftSync(session.user.id);
  const [, navigate] = useLocation();
  const [over, setOver] = useState<"help" | "palette" | "compose" | null>(null);
  const main = useRef<HTMLElement>(null);
  const close = () => setOver(null);

  const views = useViews().data ?? [];
  const goView = (number: number): boolean => {
    const view = views[number - 1];
    if (view) navigate(addressOfView(view));
    return view !== undefined;
  };

  useCommands({
    goInbox: () => navigate("/conversations"),
    goChannels: () => navigate("/channels"),
    goWebhooks: () => navigate("/webhooks"),
    goOutbox: () => navigate("/outbox"),
    goKeys: () => navigate("/api-keys"),
    goMessages: () => navigate("/messages"),
    goBroadcasts: () => navigate("/broadcasts"),
    goLists: () => navigate("/lists"),
    goDomains: () => navigate("/domains"),
    goSuppressions: () => navigate("/suppressions"),
    goAnalytics: () => navigate("/analytics"),
    goInsight: () => navigate("/insight"),
    goTemplates: () => navigate("/templates"),
    goMentions: () => navigate("/conversations?mentioned=me"),
    ...Object.fromEntries(VIEW_NUMBERS.map((number) => [`goView${number}`, () => goView(number)])),
    goPeople: () => navigate("/people"),
    goSettings: () => navigate("/settings"),
    goContacts: () => navigate("/contacts"),
    palette: () => setOver("palette"),
    help: () => setOver("help"),
    compose: () => setOver("compose"),
  });

  return (
    <div className={styles.shell}>
      <a
        className={styles.skip}
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {m.skipToContent}
      </a>
      <ConnectionBanner state={live} />
      <div className={styles.columns}>
        <Nav onHelp={() => setOver("help")} />
        <main ref={main} id="main" tabIndex={-1} className={styles.main}>
          {children}
        </main>
      </div>
      {over === "help" && <HelpOverlay onClose={close} />}
      {over === "palette" && <Palette onClose={close} />}
      {over === "compose" && (
        <Suspense fallback={null}>
          <NewMessage onClose={close} />
        </Suspense>
      )}
    </div>
  );
}
