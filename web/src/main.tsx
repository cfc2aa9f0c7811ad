import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { keys } from "./api/keys";
import { queryClient } from "./api/queryClient";
import { whenSignedOut } from "./api/request";
import { App } from "./App";
import { dropOldDrafts } from "./composer/drafts";
import { dismissAll } from "./ui/toast";
import "./styles/tokens.css";
import "./styles/base.css";

whenSignedOut(() => {
  queryClient.setQueryData(keys.session, null);
  dismissAll();
});

dropOldDrafts(Date.now());

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <App />
      </QueryClientProvider>
    </StrictMode>,
  );
}
