import { Fragment } from "react";
import { m } from "../i18n";
import { Kbd } from "../ui/bits";
import { Dialog } from "../ui/Dialog";
import { keyName } from "./dispatcher";
import { OVERVIEW } from "./keymap";
import styles from "./HelpOverlay.module.css";

function Keys({ ways }: { ways: string[][] }) {
  return (
    <dd className={styles.keys}>
      {ways.map((way, index) => (
        <Fragment key={way.join(" ")}>
          {index > 0 && ` ${m.help.or} `}
          {way.map((key, place) => (
            <Fragment key={key}>
              {place > 0 && (way[0] === "Ctrl" ? " " : ` ${m.help.afterwards} `)}
              <Kbd>{keyName(key)}</Kbd>
            </Fragment>
          ))}
        </Fragment>
      ))}
    </dd>
  );
}

export function HelpOverlay({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={m.help.title} onClose={onClose} wide>
      {/* Scrolls on a phone, so the keyboard must reach it. */}
      <div className={styles.groups} tabIndex={0} role="group" aria-label={m.help.title}>
        {OVERVIEW.map((group) => (
          <section key={group.group} className={styles.group}>
            <h3>{m.help.groups[group.group]}</h3>
            <dl>
              {group.keys.map(([name, ways]) => (
                <div key={name} className={styles.row}>
                  <dt>{m.help.keys[name]}</dt>
                  <Keys ways={ways} />
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
