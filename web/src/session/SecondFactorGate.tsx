/** What people see whose workspace wants a second factor before they have one: how to set it up, and nothing else. */

import { useQueryClient } from "@tanstack/react-query";
import { keys } from "../api/keys";
import { m } from "../i18n";
import { SecondFactorSetUp } from "../people/SecondFactorSetUp";
import { Logo } from "../shell/Logo";
import { usePageTitle } from "../shell/usePageTitle";
import { Button } from "../ui/Button";
import { toastProblem } from "../ui/toast";
import styles from "./SignIn.module.css";
import { signOut } from "./useSession";

export default function SecondFactorGate() {
  usePageTitle(m.secondFactor.gateTitle);
  const client = useQueryClient();
  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <div className={styles.brand}>
          <Logo size={40} />
          <div>
            <h1>{m.secondFactor.gateTitle}</h1>
            <p>{m.secondFactor.gateLead}</p>
          </div>
        </div>
        <SecondFactorSetUp onDone={() => void client.invalidateQueries({ queryKey: keys.session })} />
        <div className={styles.other}>
          <Button variant="ghost" onClick={() => void signOut().catch((error: unknown) => toastProblem(m.nav.signOutFailed, error))}>
            {m.nav.signOut}
          </Button>
        </div>
      </div>
    </main>
  );
}
