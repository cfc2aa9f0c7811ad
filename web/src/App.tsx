/** Who may come in: the sign-in page, or the workspace once somebody is signed in. */

import { lazy, Suspense, useState } from "react";
import { useLocation } from "wouter";
import { asProblem } from "./api/problem";
import { m } from "./i18n";
import { SignIn } from "./session/SignIn";
import { useSessionQuery } from "./session/useSession";
import { Logo } from "./shell/Logo";
import { ProblemNotice } from "./ui/ProblemNotice";
import { Toasts } from "./ui/Toasts";

/** As long as base.css takes to show it. */
const UNVEILING_MS = 400;

const Workspace = lazy(() => import("./Workspace"));

/** Comes gently: where the server answers at once, nothing flashes. It goes on where index.html's own began. */
function Opening() {
  const [seen] = useState(() => performance.now() > UNVEILING_MS);
  return (
    <div className={seen ? "opening seen" : "opening"} role="status" aria-label={m.loading}>
      <Logo size={40} />
    </div>
  );
}

export function App() {
  const session = useSessionQuery();
  const [location] = useLocation();
  const byLink = location === "/sign-in" && new URLSearchParams(window.location.search).has("token");
  const [wasSignedIn, setWasSignedIn] = useState(false);
  if (session.data && !wasSignedIn) setWasSignedIn(true);

  if (session.isPending) return <Opening />;
  // With an answer in hand, a later failure to ask again is no reason to take the page away.
  if (session.isError && session.data === undefined) {
    return (
      <main style={{ maxWidth: 560, margin: "15vh auto 0", padding: 16 }}>
        <ProblemNotice
          title={m.signIn.failed}
          problem={asProblem(session.error)}
          onRetry={() => void session.refetch()}
        />
      </main>
    );
  }
  return (
    <>
      {session.data && !byLink ? (
        <Suspense fallback={<Opening />}>
          <Workspace session={session.data} />
        </Suspense>
      ) : (
        <SignIn expired={wasSignedIn} />
      )}
      <Toasts />
    </>
  );
}
