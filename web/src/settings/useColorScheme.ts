/** Whether the dashboard is light or dark at the moment: as it was chosen, or as the system is. */

import { useSyncExternalStore } from "react";
import { currentTheme } from "./theme";

const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");

function current(): "light" | "dark" {
  const theme = currentTheme();
  if (theme !== "system") return theme;
  return systemIsDark.matches ? "dark" : "light";
}

function subscribe(changed: () => void): () => void {
  // The choice is an attribute of the page, whoever sets it.
  const chosen = new MutationObserver(changed);
  chosen.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  systemIsDark.addEventListener("change", changed);
  return () => {
    chosen.disconnect();
    systemIsDark.removeEventListener("change", changed);
  };
}

export function useColorScheme(): "light" | "dark" {
  return useSyncExternalStore(subscribe, current);
}
