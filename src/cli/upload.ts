/** `upload`: makes a new version from files and folders, if anything changed. */
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { ArtifoldError, isArtifoldError } from "../errors.ts";
import { nodeFileSystem } from "../platform/index.ts";
import {
  type Added,
  type AddOptions,
  type Artifact,
  parseRef,
  type Store,
  type UploadOptions,
  type UploadResult,
} from "../store/index.ts";
import { type LeftOut, type LeftOutReason, type PortabilityWarning, readError } from "../worktree/index.ts";
import type { Call } from "./call.ts";
import type { Run } from "./command.ts";
import { isFolderThere, listPaths, parseMetadata, shortRef } from "./common.ts";
import { currentRunFacts, currentRunLines, noteUnrecorded } from "./current-run.ts";
import { formatBytes, formatCount, formatNumber, safe } from "./text.ts";

/** A path of the command line, and where it goes. */
interface PathToAdd {
  readonly source: string;
  readonly as: string | undefined;
}

/** A glob of the call that came to nothing, and why. */
export interface GlobWarning {
  readonly glob: string;
  readonly problem: string;
}

/** What an upload came to, as the command tells it. */
export interface ToldUpload extends Omit<UploadResult, "warnings"> {
  readonly warnings: readonly (PortabilityWarning | GlobWarning)[];
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
    const { removing, unmatched } = await fill(artifact, paths, run);
    const result = await artifact.upload({ ...upload, signal, onProgress: output.onProgress });
    const cameBack = result.removed > 0 ? [] : removing.map((glob) => ({ glob, problem: ADDED_AGAIN }));
    await tellUnkept(run, store, result, upload);
    report(run, store, { ...result, warnings: [...result.warnings, ...unmatched, ...cameBack] }, dryRun);
    if (!dryRun && run.context.settings.autoPush.value === "on") await pushUploaded(run, store, query);
    if (!result.changed && result.tagged.length === 0 && call.flag("exit-code")) return 4;
    return leavesOut(result) ? 3 : 0;
  } catch (error) {
    throw withWaysOut(error);
  } finally {
    await artifact.close();
  }
}

/** What cannot be read, an upload can do without. */
export function withWaysOut(error: unknown): unknown {
  if (!isArtifoldError(error, "READ_FAILED") || error.info["errno"] === undefined) return error;
  const { message, info } = error;
  const hint = "Give yourself the right to read it, leave it out with --exclude, or pass --skip-unreadable.";
  return new ArtifoldError("READ_FAILED", message, { cause: error, info, hint });
}

/** Pushes what was uploaded. The upload stands whatever becomes of that. */
async function pushUploaded(run: Run, store: Store, query: ReturnType<typeof artifactQuery>): Promise<void> {
  const { team, experiment, type, name } = query;
  const { output, signal } = run;
  try {
    const refs = [`${team}/${experiment}/${name}`];
    const { url, versions, others } = await store.push({ refs, type, signal, onProgress: output.onProgress });
    if (versions.length + others.length > 0) output.note(`pushed to ${safe(url)}`);
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
export function uploadOptions(call: Call): UploadOptions {
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
  if (call.args.length === 1 && isFolderThere(only)) return [{ source: only, as: prefix }];
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

const ADDED_AGAIN = "what --remove took out was in what was uploaded, and came back: leave it out with --exclude";

/** Fills the draft. @returns globs that took something out, and those that matched nothing */
async function fill(
  artifact: Artifact,
  paths: readonly PathToAdd[],
  run: Run,
): Promise<{ readonly removing: readonly string[]; readonly unmatched: readonly GlobWarning[] }> {
  const { call, signal } = run;
  const remove = call.list("remove");
  const vain: string[] = [];
  if (remove.length > 0) await artifact.remove(remove, { signal, onUnmatched: (glob) => vain.push(glob) });
  const added: Added[] = [];
  for (const { source, as } of paths) {
    const options = { ...addOptions(run), ...(as !== undefined && as !== "" && { as }) };
    added.push(await (call.flag("mirror") ? artifact.mirror(source, options) : artifact.add(source, options)));
  }
  for (const pair of call.list("reference")) {
    const equals = pair.indexOf("=");
    if (equals < 1)
      throw new ArtifoldError("USAGE", `not a path and a URI: ${JSON.stringify(pair)}`, { hint: "Write PATH=URI." });
    await artifact.addReference(pair.slice(equals + 1), { as: pair.slice(0, equals) });
  }
  const unmatched = vain.map((glob) => ({ glob, problem: "--remove matched nothing" }));
  return { removing: remove.filter((glob) => !vain.includes(glob)), unmatched: [...unmatched, ...notIncluded(added)] };
}

/** Globs of --include that matched nothing in any folder. */
export function notIncluded(added: readonly Added[]): GlobWarning[] {
  const [first, ...others] = added.flatMap(({ unmatched }) => (unmatched === undefined ? [] : [unmatched]));
  const vain = (first ?? []).filter((glob) => others.every((each) => each.includes(glob)));
  return vain.map((glob) => ({ glob, problem: "--include matched nothing" }));
}

/** Whether something was left out that the caller may have wanted. */
export function leavesOut(result: Pick<UploadResult, "leftOut">): boolean {
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

/** Without a version message and metadata are nowhere: said, unless the version that is there has the same. */
async function tellUnkept(
  run: Run,
  store: Store,
  result: UploadResult,
  { message, metadata = {} }: UploadOptions,
): Promise<void> {
  const isGiven = message !== undefined || Object.keys(metadata).length > 0;
  if (result.changed || !isGiven) return;
  const { team, experiment, type, name, version } = result;
  const there = await store.resolve(`${team}/${experiment}/${name}:${version}`, { type });
  const isThere = ([key, value]: [string, unknown]): boolean => isDeepStrictEqual(there.metadata[key], value);
  const unkept = [
    ...(message === undefined || message === there.message ? [] : ["message"]),
    ...(Object.entries(metadata).every(isThere) ? [] : ["metadata"]),
  ];
  if (unkept.length === 0) return;
  const what = `${unkept.join(" and ")} ${unkept.length === 1 ? "is" : "are"} not kept`;
  const hint = `\`artifold meta ${shortRef(run, result)}\` changes those of the one that is there`;
  run.output.warn(`${what}: no version is made; ${hint}`);
}

/** Tells what an upload came to. */
export function report(run: Run, store: Store, result: ToldUpload, dryRun: boolean): void {
  const { output } = run;
  for (const each of result.leftOut.slice(0, 20)) output.warn(describeLeftOut(each));
  if (result.leftOut.length > 20) output.warn(`left out ${result.leftOut.length - 20} more`);
  const names = result.warnings.flatMap((each) => ("path" in each ? [`${each.path}: ${each.problem}`] : []));
  for (const line of listPaths(names, "", 10)) output.warn(`not portable:${line}`);
  for (const each of result.warnings) if ("glob" in each) output.warn(`${safe(each.glob)}: ${each.problem}`);
  const lines = [...describe(run, result, dryRun), ...currentRunLines(store, "in")];
  output.result({ ...result, ...currentRunFacts(store) }, result.version, lines);
}

/** What was left out, and why. The reason why something cannot be read says that it cannot. */
export function describeLeftOut({ path: entryPath, reason, detail }: LeftOut): string {
  if (reason === "unreadable" && detail !== undefined) return `left out ${safe(entryPath)}: ${safe(detail)}`;
  return `left out ${safe(entryPath)}: ${reasons[reason]}${detail === undefined ? "" : ` (${safe(detail)})`}`;
}

function describe(run: Run, result: ToldUpload, dryRun: boolean): string[] {
  const ref = run.output.paint("1", shortRef(run, result));
  if (!result.changed) return [`${ref}  ${describeTags(result, dryRun)}`];
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

/** What came of content that was there already. */
function describeTags({ tagged }: ToldUpload, dryRun: boolean): string {
  if (tagged.length === 0) return "nothing changed";
  const said = `tagged ${tagged.map(safe).join(" and ")}, no new version`;
  return `${said}${dryRun ? "  (dry run: nothing was changed)" : ""}`;
}
