import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { firstLoad, firstLoadGroups } from "./firstLoad.ts";
import { precompress } from "./precompress.ts";

// Where `npm run dev` finds the API; `cargo xtask serve` listens there by default.
const server = "http://127.0.0.1:8025";

export default defineConfig({
  plugins: [react(), firstLoad(["en", "de"]), precompress()],
  build: {
    target: "es2022",
    // A data: URL would need a hole in the page's CSP.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
    rolldownOptions: { output: { codeSplitting: { groups: firstLoadGroups(import.meta.dirname) } } },
  },
  server: {
    port: 5173,
    proxy: { "/api": server, "/webhooks/email": server, "/openapi.json": server },
  },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"], setupFiles: ["src/i18n/testing.ts"] },
});
