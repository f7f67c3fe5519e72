// Builds the console into `dist`, which the server embeds. Addresses are relative, so that it works below
// any prefix a reverse proxy puts in front of it; nothing is inlined that the content security policy refuses.
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
});
