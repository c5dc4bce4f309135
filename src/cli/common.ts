/** Steps that several commands share. */

import { ArtifoldError } from "../errors.ts";
import type { JsonValue, Metadata } from "../manifest/index.ts";
import { kindOf, nodeFileSystem } from "../platform/index.ts";
import { parseRef, type Store, type Version } from "../store/index.ts";
import type { Run } from "./command.ts";
import { formatNumber, safe } from "./text.ts";

/** The version that an address and the options beside it name. */
export async function resolveVersion(
  run: Run,
  store: Store,
  address: string,
  options: { removed?: boolean; needsTag?: boolean; takesPath?: boolean } = {},
): Promise<Version> {
  const version = await store.resolve(address, { ...run.context.flags, ...typeFlag(run), ...options });
  nameIfElsewhere(run, address, version);
  return version;
}

/** A folder is written so that it cannot be an address: with `.`, `/`, `~` or a drive letter at its beginning. */
export function isFolderOperand(operand: string): boolean {
  return /^([./~]|[A-Za-z]:[\\/])/.test(operand);
}

/** --type, where it is given. */
export function typeFlag(run: Run): { type?: string } {
  const type = run.call.text("type");
  return type === undefined ? {} : { type };
}

/** A name that was not found where it was looked for first, but elsewhere, is told with its place. */
function nameIfElsewhere(run: Run, address: string, version: Version): void {
  if (parseRef(address).team !== undefined) return;
  const { team, experiment } = run.context.settings;
  if (version.team !== team.value || version.experiment !== experiment.value) {
    run.output.note(`using ${version.team}/${version.experiment}/${version.name}`);
  }
}

/** An address as a person would write it, with its place where it is not the usual one. */
export function shortRef(
  run: Run,
  version: { team: string; experiment: string; name: string; version: string },
): string {
  const { team, experiment } = run.context.settings;
  const isUsual = version.team === team.value && version.experiment === experiment.value;
  const place = isUsual ? "" : `${version.team}/${version.experiment}/`;
  return `${place}${version.name}:${version.version}`;
}

/** Whether there is a folder at a path, or a link to one. What else is wrong with the path is told by whoever uses it. */
export function isFolderThere(place: string): boolean {
  try {
    const stat = nodeFileSystem.lookAt(nodeFileSystem.realPath(place));
    return stat !== undefined && kindOf(stat) === "folder";
  } catch {
    return false;
  }
}

/** Reads `k=v` pairs; a value that is JSON is taken as such. */
export function parseMetadata(pairs: readonly string[]): Metadata {
  const metadata: [string, JsonValue][] = pairs.map((pair) => {
    const equals = pair.indexOf("=");
    if (equals < 1) {
      throw new ArtifoldError("USAGE", `not a key and a value: ${JSON.stringify(pair)}`, { hint: "Write KEY=VALUE." });
    }
    const text = pair.slice(equals + 1);
    return [pair.slice(0, equals), parseValue(text)];
  });
  // Plain data whatever the key: "__proto__" too.
  return Object.fromEntries(metadata);
}

function parseValue(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}

/**
 * Asks before something is destroyed. Without a terminal --yes is needed.
 *
 * @param what to do, as in "remove sample:V1"
 */
export async function confirm(run: Run, what: string): Promise<boolean> {
  if (run.call.flag("yes") || run.call.flag("dry-run")) return true;
  const { stdin, stderr } = run.context.isTerminal;
  if (!stdin || !stderr || run.output.isJson) {
    throw new ArtifoldError("USAGE", `cannot ask whether to ${what}`, { hint: "Pass --yes." });
  }
  // Loaded here, for few commands ever ask.
  const { createInterface } = await import("node:readline/promises");
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  // The prompt takes keys as they are: Ctrl-C and the end of input have to be passed on.
  prompt.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const ended = new Promise<string>((resolve) => prompt.once("close", () => resolve("")));
  try {
    const answer = await Promise.race([
      prompt.question(`${what.charAt(0).toUpperCase()}${what.slice(1)}? [y/N] `, { signal: run.signal }),
      ended,
    ]);
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    throw run.signal.aborted ? run.signal.reason : error;
  } finally {
    prompt.close();
  }
}

/** Reads a count, if one is given. */
export function parseCount(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new ArtifoldError("USAGE", `not a count: ${text}`);
  return count;
}

/** Lines for a list of paths, the first few of many. */
export function listPaths(paths: readonly string[], mark: string, max = 20): string[] {
  const lines = paths.slice(0, max).map((path) => `${mark} ${safe(path)}`);
  if (paths.length > max) lines.push(`${mark} … and ${formatNumber(paths.length - max)} more`);
  return lines;
}
