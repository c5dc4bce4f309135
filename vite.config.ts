import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** The dashboard: `src/web` into `dist/web`. `scripts/build.mjs` runs it; `npx vite` serves it while you work on it. */
export default defineConfig({
  root: fileURLToPath(new URL("src/web", import.meta.url)),
  logLevel: "warn",
  // A page in development speaks to a server that runs beside it.
  server: { proxy: { "/api": "http://127.0.0.1:9111" } },
  build: {
    outDir: fileURLToPath(new URL("dist/web", import.meta.url)),
    emptyOutDir: true,
    target: "es2022",
    // What is inlined as data: the page's content security policy would refuse.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      treeshake: {
        // When loaded as a whole it compiles WebAssembly, which the page's content security policy refuses.
        moduleSideEffects: (id) => !id.includes("/hyparquet-compressors/"),
      },
    },
  },
});
