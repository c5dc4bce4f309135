/** `upload`: makes a new version from files and folders, if anything changed. */
import path from "node:path";
import { ArtifoldError, isArtifoldError } from "../errors.ts";
import { kindOf, nodeFileSystem } from "../platform/index.ts";
import { type AddOptions, type Artifact, parseRef, type Store, type UploadResult } from "../store/index.ts";
import { type LeftOutReason, readError } from "../worktree/index.ts";
import type { Call } from "./call.ts";
import type { Run } from "./command.ts";
import { listPaths, parseMetadata, shortRef } from "./common.ts";
import { currentRunFacts, currentRunLines, noteUnrecorded } from "./current-run.ts";
import { formatBytes, formatCount, formatNumber, safe } from "./text.ts";

/** A path of the command line, and where it goes. */
interface PathToAdd {
  readonly source: string;
  readonly as: string | undefined;
}

export async function run(run: Run): Promise<number> {
  const { call, output, signal } = run;
  const query = artifactQuery(run);
  const paths = placePaths(call);
  const upload = uploadOptions(call);
  const dryRun = call.flag("dry-run");
  checkThere(paths);
  const store = await run.open(dryRun ? { pretend: true } : { create: true });
  await noteUnrecorded(run, store);
  const artifact = await store.artifact(query, { dryRun });
  try {
    await fill(artifact, paths, run);
    const result = await artifact.upload({ ...upload, signal, onProgress: output.onProgress });
    report(run, store, result, dryRun);
    if (!dryRun && run.context.settings.autoPush.value === "on") await pushUploaded(run, store, query);
    if (!result.changed && call.flag("exit-code")) return 4;
    return leavesOut(result) ? 3 : 0;
  } finally {
    await artifact.close();
  }
}

/** Pushes what was uploaded. The upload stands whatever becomes of that. */
async function pushUploaded(run: Run, store: Store, query: ReturnType<typeof artifactQuery>): Promise<void> {
  const { team, experiment, type, name } = query;
  const { output, signal } = run;
  try {
    const refs = [`${team}/${experiment}/${name}`];
    const { url, versions } = await store.push({ refs, type, signal, onProgress: output.onProgress });
    if (versions.length > 0) output.note(`pushed to ${safe(url)}`);
  } catch (error) {
    if (!isArtifoldError(error)) throw error;
    output.warn(`it was not pushed: ${safe(error.message)}`);
  }
}

/** Which artifact --name, --type and the settings mean. */
export function artifactQuery({ call, context }: Run): {
  name: string;
  type: string;
  team: string;
  experiment: string;
} {
  const name = call.text("name");
  const type = call.text("type");
  if (name === undefined || type === undefined) {
    throw new ArtifoldError("USAGE", `--${name === undefined ? "name" : "type"} is missing`, {
      hint: "Name the artifact and its type, as in --name sample --type dataset.",
    });
  }
  if (name.includes("/") && parseRef(name).team === undefined) throw new ArtifoldError("USAGE", `not a name: ${name}`);
  return { name, type, team: context.settings.team.value, experiment: context.settings.experiment.value };
}

/** What --message, --meta, --tag and the like say. */
export function uploadOptions(call: Call): Parameters<Artifact["upload"]>[0] {
  if (call.flag("ours") && call.flag("theirs"))
    throw new ArtifoldError("USAGE", "--ours and --theirs exclude each other");
  const message = call.text("message");
  return {
    ...(message !== undefined && { message }),
    metadata: parseMetadata(call.list("meta")),
    tags: call.list("tag"),
    ...(call.flag("ours") && { onConflict: "ours" as const }),
    ...(call.flag("theirs") && { onConflict: "theirs" as const }),
  };
}

/** What --include, --exclude and the like say. */
export function addOptions(run: Run): AddOptions {
  const { call, output, signal } = run;
  return {
    include: call.list("include"),
    exclude: call.list("exclude"),
    skipUnreadable: call.flag("skip-unreadable"),
    skipLinks: call.flag("skip-links"),
    signal,
    onProgress: output.onProgress,
  };
}

/** One folder goes to the root; a file, and each of several paths, keeps its own name. */
function placePaths(call: Call): PathToAdd[] {
  const prefix = call
    .text("as")
    ?.replace(/^\.?\/+/, "")
    .replace(/\/+$/, "");
  const [only] = call.args as [string];
  if (call.args.length === 1 && isFolder(only)) return [{ source: only, as: prefix }];
  if (call.flag("mirror") && call.args.length > 1)
    throw new ArtifoldError("USAGE", "--mirror takes exactly one folder");
  const names = new Map<string, string>();
  return call.args.map((source) => {
    const name = path.basename(path.resolve(source));
    const other = names.get(name);
    if (other !== undefined) {
      throw new ArtifoldError("USAGE", `${other} and ${source} would both become ${name}`, {
        hint: "Upload them one after the other with --as.",
      });
    }
    names.set(name, source);
    return { source, as: prefix === undefined || prefix === "" ? name : `${prefix}/${name}` };
  });
}

/** What is not there is told before a store is made for it. @throws ArtifoldError NOT_FOUND, READ_FAILED */
function checkThere(paths: readonly PathToAdd[]): void {
  for (const { source } of paths) {
    try {
      nodeFileSystem.realPath(source);
    } catch (error) {
      throw readError(source, error);
    }
  }
}

async function fill(artifact: Artifact, paths: readonly PathToAdd[], run: Run): Promise<void> {
  const { call, signal } = run;
  const remove = call.list("remove");
  if (remove.length > 0) await artifact.remove(remove, { signal });
  for (const { source, as } of paths) {
    const options = { ...addOptions(run), ...(as !== undefined && as !== "" && { as }) };
    if (call.flag("mirror")) await artifact.mirror(source, options);
    else await artifact.add(source, options);
  }
  for (const pair of call.list("reference")) {
    const equals = pair.indexOf("=");
    if (equals < 1)
      throw new ArtifoldError("USAGE", `not a path and a URI: ${JSON.stringify(pair)}`, { hint: "Write PATH=URI." });
    await artifact.addReference(pair.slice(equals + 1), { as: pair.slice(0, equals) });
  }
}

function isFolder(source: string): boolean {
  try {
    const stat = nodeFileSystem.lookAt(nodeFileSystem.realPath(source));
    return stat !== undefined && kindOf(stat) === "folder";
  } catch {
    // What is wrong with the path is told when it is added.
    return false;
  }
}

/** Whether something was left out that the caller may have wanted. */
export function leavesOut(result: UploadResult): boolean {
  const wanted: readonly LeftOutReason[] = ["special", "name", "unreadable", "link"];
  return result.leftOut.some((leftOut) => wanted.includes(leftOut.reason));
}

const reasons: Record<LeftOutReason, string> = {
  special: "no file, folder or link",
  name: "a name that no version can hold",
  store: "a store, or settings of artifold",
  download: "written by a download",
  unreadable: "cannot be read",
  link: "a link that a version cannot keep",
};

/** Tells what an upload came to. */
export function report(run: Run, store: Store, result: UploadResult, dryRun: boolean): void {
  const { output } = run;
  for (const { path: entryPath, reason, detail } of result.leftOut.slice(0, 20)) {
    output.warn(`left out ${safe(entryPath)}: ${reasons[reason]}${detail === undefined ? "" : ` (${safe(detail)})`}`);
  }
  if (result.leftOut.length > 20) output.warn(`left out ${result.leftOut.length - 20} more`);
  for (const line of listPaths(
    result.warnings.map(({ path: entryPath, problem }) => `${entryPath}: ${problem}`),
    "",
    10,
  )) {
    output.warn(`not portable:${line}`);
  }
  const lines = [...describe(run, result, dryRun), ...currentRunLines(store, "in")];
  output.result({ ...result, ...currentRunFacts(store) }, result.version, lines);
}

function describe(run: Run, result: UploadResult, dryRun: boolean): string[] {
  const ref = run.output.paint("1", shortRef(run, result));
  if (!result.changed) return [`${ref}  nothing changed`];
  const { added, modified, removed, kept, files, bytes, newBytes } = result;
  const changes = [
    [added, "added"],
    [modified, "modified"],
    [removed, "removed"],
    [kept, "kept"],
  ] as const;
  const told = changes.filter(([count]) => count > 0).map(([count, what]) => `${formatNumber(count)} ${what}`);
  const lines = [
    `${ref}  ${formatCount(files, "file")}, ${formatBytes(bytes)}${dryRun ? "  (dry run: nothing was made)" : ""}`,
    `  ${told.join(", ") || "no entries"}; ${formatBytes(newBytes)} of new content`,
  ];
  if (result.mergedWith !== null) lines.push(`  merged with ${result.mergedWith}, which was uploaded meanwhile`);
  return lines;
}
