import { symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { temporaryFolder } from "./temporary.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Makes a script that another process or thread can run out of TypeScript, which Node 20 does not read.
 *
 * @param source imports from the project as "#src/…"
 * @returns the path of the script
 */
export async function bundleScript(source: string): Promise<string> {
  const folder = temporaryFolder();
  symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  const input = path.join(folder, "script.ts");
  writeFileSync(input, source.replaceAll("#src/", `${path.join(root, "src")}/`));
  const build = await rolldown({ input, platform: "node", external: [/^[^./]/, /node_modules/], logLevel: "warn" });
  const file = path.join(folder, "script.mjs");
  await build.write({ file, format: "esm", codeSplitting: false });
  await build.close();
  return file;
}
