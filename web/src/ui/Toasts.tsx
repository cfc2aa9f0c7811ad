import { useSyncExternalStore } from "react";
import { m } from "../i18n";
import { classNames } from "./Button";
import { Icon } from "./Icon";
import { dismiss, toastStore } from "./toast";
import styles from "./Toasts.module.css";

export function Toasts() {
  const toasts = useSyncExternalStore(toastStore.subscribe, toastStore.get);
  return (
    <div className={styles.toasts} role="status" aria-live="polite">
      {toasts.map((toast) => (
        <div key={toast.id} className={classNames(styles.toast, toast.tone === "danger" && styles.danger)}>
          <span>
            {toast.text}
            {toast.said && <span lang={toast.said.lang}>{toast.said.text}</span>}
          </span>
          {toast.countdown && <i className={styles.countdown} style={{ animationDuration: `${toast.shownMs}ms` }} />}
          {toast.action && (
            <button
              type="button"
              onClick={() => {
                toast.action?.run();
                dismiss(toast.id);
              }}
            >
              {toast.action.label}
            </button>
          )}
          <button type="button" aria-label={m.close} onClick={() => dismiss(toast.id)}>
            <Icon name="close" size={15} />
          </button>
        </div>
      ))}
    </div>
  );
}
