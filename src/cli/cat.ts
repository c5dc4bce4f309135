/** `cat`: prints a file of a version as it is. */
import { ArtifoldError } from "../errors.ts";
import { parseRef } from "../store/index.ts";
import type { Run } from "./command.ts";
import { resolveVersion } from "./common.ts";
import { noteUnrecorded } from "./current-run.ts";

export async function run(run: Run): Promise<number> {
  const address = run.call.args[0] as string;
  const { path } = parseRef(address);
  if (path === undefined) {
    throw new ArtifoldError("USAGE", `${address} names no file`, {
      hint: "Write NAME:TAG/PATH, as in sample:V2/a.csv.",
    });
  }
  const range = parseRange(run.call.text("range"));
  const store = await run.open();
  const version = await resolveVersion(run, store, address, { takesPath: true });
  await noteUnrecorded(run, store);
  for await (const bytes of version.stream(path, { ...range, signal: run.signal })) {
    // A full pipe is waited for: a large file never piles up in memory.
    if (!process.stdout.write(bytes)) await new Promise((resolve) => process.stdout.once("drain", resolve));
  }
  return 0;
}

/** FIRST-LAST, both included. */
function parseRange(text: string | undefined): { start?: number; end?: number } {
  if (text === undefined) return {};
  const match = /^(\d+)-(\d+)$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || !Number.isSafeInteger(last) || first > last) {
    throw new ArtifoldError("USAGE", `not a range: ${JSON.stringify(text)}`, { hint: "Write FIRST-LAST, as in 0-99." });
  }
  return { start: first, end: last + 1 };
}
