/** Starts the dashboard, in a language that is settled. */

import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { keys } from "./api/keys";
import { queryClient } from "./api/queryClient";
import { whenSignedOut } from "./api/request";
import { App } from "./App";
// Its listener has to be there before the router's, which comes with what is shown first.
import "./shell/leaving";
import { dismissAll } from "./ui/toast";

export function start(): void {
  whenSignedOut(() => {
    queryClient.setQueryData(keys.session, null);
    dismissAll();
  });

  const root = document.getElementById("root");
  if (!root) return;
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <App />
      </QueryClientProvider>
    </StrictMode>,
  );
}
