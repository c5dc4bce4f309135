/** `status`: compares a folder with the version it was given. */
import path from "node:path";
import type { Run } from "./command.ts";
import { shortRef } from "./common.ts";
import { describeDifferences, noDifferences, paths } from "./diff.ts";
import { safe } from "./text.ts";

export async function run(run: Run): Promise<number> {
  const { call, context, output, signal } = run;
  const folder = path.resolve(context.cwd, call.args[0] ?? ".");
  const store = await run.open();
  const { version, changes } = await store.status(folder, { signal, onProgress: output.onProgress });
  const differences = noDifferences();
  for await (const change of changes) {
    differences[change.kind].push({ path: change.path, size: change.size });
    if (change.kind !== "removed") differences.bytes += change.size;
  }
  const { added, modified, removed, bytes } = differences;
  const result = { ref: version.ref, added, modified, removed, bytes };
  const isClean = added.length + modified.length + removed.length === 0;
  const head = `${output.paint("1", shortRef(run, version))}  in ${safe(folder)}`;
  const text = isClean ? [`${head}: clean`] : [head, ...describeDifferences(run, differences)];
  output.result(result, isClean ? version.ref : paths(differences).join("\n"), text);
  return 0;
}
