import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const fonts = ["atkinson-hyperlegible-next", "atkinson-hyperlegible-mono"];

/** Fonts come in by way of styles, where the licenses of what is bundled are not looked for. */
const fontLicenses: Plugin = {
  name: "font-licenses",
  generateBundle() {
    for (const font of fonts) {
      const place = new URL(`node_modules/@fontsource-variable/${font}/LICENSE`, import.meta.url);
      this.emitFile({ type: "asset", fileName: `licenses/${font}.txt`, source: readFileSync(place, "utf8") });
    }
  },
};

/** The dashboard: `src/web` into `dist/web`. `scripts/build.mjs` runs it; `npx vite` serves it while you work on it. */
export default defineConfig({
  root: fileURLToPath(new URL("src/web", import.meta.url)),
  logLevel: "warn",
  plugins: [fontLicenses],
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
    license: { fileName: "licenses/scripts.txt" },
    rolldownOptions: {
      // All that the first page needs in one file: on loopback a request costs more than the bytes.
      output: { codeSplitting: { groups: [{ name: "app", tags: ["$initial"] }] } },
      treeshake: {
        // When loaded as a whole it compiles WebAssembly, which the page's content security policy refuses.
        moduleSideEffects: (id) => !id.includes("/hyparquet-compressors/"),
      },
    },
  },
});
