import { Component, type ReactNode } from "react";
import { m } from "../i18n";
import { EmptyState } from "../ui/bits";
import { Button } from "../ui/Button";

/** A page that fails takes nothing else with it. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <EmptyState icon="warning" title={m.errors.pageTitle} text={m.errors.pageText}>
        <Button variant="primary" onClick={() => window.location.reload()}>
          {m.errors.reload}
        </Button>
      </EmptyState>
    );
  }
}
