/** Creating a channel by the hand: which kind, its address, its servers, then the wait for its first mail. */

import { useEffect, useRef } from "react";
import { useLocation } from "wouter";
import { m } from "../i18n";
import { useSession } from "../session/useSession";
import { AskAdministrator } from "../setUp/AskAdministrator";
import { SetUpFlow } from "../setUp/SetUpFlow";
import { useSetUp } from "../setUp/state";
import { Card, Page } from "../shell/Page";

export default function NewChannel() {
  const { user } = useSession();
  return (
    <Page title={m.channels.create} up={{ href: "/channels", label: m.channels.title }} narrow>
      <Card>{user.role === "admin" ? <Wizard userId={user.id} /> : <AskAdministrator />}</Card>
    </Page>
  );
}

function Wizard({ userId }: { userId: string }) {
  const { setUp, change, forget } = useSetUp("new", userId);
  const [, navigate] = useLocation();
  // What was made is done with when the page is left; what was only typed is there when one comes back.
  const made = useRef(false);
  useEffect(() => {
    made.current = setUp.step === "receive";
  }, [setUp.step]);
  const latest = useRef(forget);
  useEffect(() => {
    latest.current = forget;
  });
  useEffect(
    () => () => {
      if (made.current) latest.current();
    },
    [],
  );
  return (
    <SetUpFlow
      setUp={setUp}
      change={change}
      existing={[]}
      onBack={() => {
        forget();
        navigate("/channels");
      }}
      onLeave={(id) => navigate(id ? `/conversations/${id}` : "/conversations")}
    />
  );
}
