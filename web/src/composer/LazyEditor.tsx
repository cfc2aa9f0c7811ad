import { Component, lazy, Suspense, type ReactNode } from "react";
import { m } from "../i18n";
import { Skeleton } from "../ui/bits";
import type { EditorProps } from "./Editor";
import styles from "./Composer.module.css";

const load = () => import("./Editor");
const Editor = lazy(load);

/** The editor waits so long at most for its turn. */
const IDLE_MS_MAX = 2_000;

/** Fetched while somebody reads, so that it is there when they begin to write, and not before there is something to read. */
export function preloadEditor(): void {
  const fetchIt = () => void load().catch(() => undefined);
  if ("requestIdleCallback" in window) window.requestIdleCallback(fetchIt, { timeout: IDLE_MS_MAX });
  else fetchIt();
}

/** A chunk that can't be fetched (a new version was installed meanwhile) must not take the page along. */
class Guard extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };
  static getDerivedStateFromError() {
    return { failed: true };
  }
  override render() {
    return this.state.failed ? <p role="alert">{m.composer.editorFailed}</p> : this.props.children;
  }
}

export function LazyEditor(props: EditorProps) {
  return (
    <Guard>
      <Suspense
        fallback={
          <div className={styles.editorLoading} data-keys="off" role="status" aria-label={m.composer.loadingEditor}>
            <Skeleton width="50%" />
          </div>
        }
      >
        <Editor {...props} />
      </Suspense>
    </Guard>
  );
}
