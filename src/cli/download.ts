/** `download`: makes a folder hold a version. */
import path from "node:path";
import { ArtifoldError } from "../errors.ts";
import type { DownloadResult, Store, Version } from "../store/index.ts";
import type { Run } from "./command.ts";
import { confirm, listPaths, resolveVersion, shortRef } from "./common.ts";
import { currentRunFacts, currentRunLines, noteUnrecorded } from "./current-run.ts";
import { formatBytes, formatCount, formatNumber, safe } from "./text.ts";

export async function run(run: Run): Promise<number> {
  const store = await run.open();
  const version = await resolveVersion(run, store, run.call.args[0] as string);
  return downloadTo(run, store, version, run.call.text("to"));
}

/** Downloads a version to a folder, or to the default one, and tells what was done. */
export async function downloadTo(run: Run, store: Store, version: Version, to: string | undefined): Promise<number> {
  const { call, context, output, signal } = run;
  await noteUnrecorded(run, store);
  const folder = path.resolve(context.cwd, to ?? path.join("artifacts", version.name, version.version));
  const globs = call.list("path");
  const result = await version.download(folder, {
    ...(globs.length > 0 && { path: globs }),
    force: call.flag("force"),
    clean: call.flag("clean") && ((paths) => mayRemove(run, folder, paths)),
    link: call.flag("link"),
    verify: whenToVerify(call.text("verify")),
    dryRun: call.flag("dry-run"),
    signal,
    onProgress: output.onProgress,
  });
  for (const glob of result.unmatched) output.warn(`${safe(glob)}: --path matched nothing`);
  for (const reference of listPaths(result.references, "a reference, not fetched:")) output.warn(reference);
  if (call.flag("link") && result.linked === 0 && result.writtenBytes > 0 && !call.flag("dry-run")) {
    output.note("No file could be linked: the folder is on another device than the store. Copied instead.");
  }
  const lines = [...describe(run, version, result), ...(call.flag("dry-run") ? [] : currentRunLines(store, "used by"))];
  output.result({ ...result, ...currentRunFacts(store) }, result.path, lines);
  return result.references.length > 0 ? 3 : 0;
}

function whenToVerify(when: string | undefined): "now" | "later" {
  if (when === undefined || when === "now" || when === "later") return when ?? "now";
  throw new ArtifoldError("USAGE", `--verify is "now" or "later", and not ${JSON.stringify(when)}`);
}

async function mayRemove(run: Run, folder: string, paths: readonly string[]): Promise<boolean> {
  for (const line of listPaths(paths, "-")) run.output.note(line);
  return confirm(run, `remove ${formatCount(paths.length, "file")} from ${safe(folder)}`);
}

function describe(run: Run, version: Version, result: DownloadResult): string[] {
  const { written, writtenBytes, unchanged, removed, unverified, linked } = result;
  const told = [
    `${formatNumber(written)} written (${formatBytes(writtenBytes)})`,
    ...(unchanged > 0 ? [`${formatNumber(unchanged)} unchanged`] : []),
    ...(removed > 0 ? [`${formatNumber(removed)} removed`] : []),
    ...(linked > 0 ? [`${formatNumber(linked)} of them linked`] : []),
    ...(unverified > 0 ? [`${formatNumber(unverified)} not verified`] : []),
  ];
  const dry = run.call.flag("dry-run") ? "  (dry run: nothing was written)" : "";
  return [`${run.output.paint("1", shortRef(run, version))}  in ${safe(result.path)}${dry}`, `  ${told.join(", ")}`];
}
