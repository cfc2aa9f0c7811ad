/** Where each provider has its forwarding. */

import { useState } from "react";
import { m } from "../i18n";
import { Segments } from "../ui/Segments";
import styles from "./setUp.module.css";

type Provider = keyof typeof m.setUp.providers;

export function ForwardingGuide() {
  const [provider, setProvider] = useState<Provider>("gmail");
  const options = (Object.keys(m.setUp.providers) as Provider[]).map((value) => ({ value, name: m.setUp.providers[value] }));
  return (
    <div className={styles.guide}>
      <Segments label={m.setUp.provider} options={options} value={provider} onChange={setProvider} className={styles.providers} />
      <ol className={styles.numbered}>
        {m.setUp.providerSteps[provider]?.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
    </div>
  );
}
