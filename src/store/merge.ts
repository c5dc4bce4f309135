/** Merges two versions of one artifact into a third. */
import { formatNumber, type VersionRow } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import type { Change } from "../journal/index.ts";
import { MAX_INTEGER } from "../manifest/index.ts";
import type { ContentWriter } from "../objects/index.ts";
import type { LongCallOptions } from "../progress.ts";
import { compileGlobs } from "../worktree/index.ts";
import { isMadeFrom } from "./ancestors.ts";
import type { Engine } from "./engine.ts";
import { type Merged, mergeDraft, mergeRecord } from "./merge-draft.ts";
import type { OnConflict, WinnerAt } from "./merging.ts";

/** How to merge. */
export interface MergeOptions extends LongCallOptions {
  /** Who wins where both changed a path: the first version ("ours"), the second, or nobody, which is the default. */
  readonly onConflict?: OnConflict | undefined;
  /** Globs of paths at which the first version wins, and of those at which the second does: before what is said for all. */
  readonly oursAt?: readonly string[] | undefined;
  readonly theirsAt?: readonly string[] | undefined;
  /** Says what would be made, and makes nothing. */
  readonly dryRun?: boolean | undefined;
  /** Default: "merge of V5 and V4". */
  readonly message?: string | undefined;
}

/** What a merge came to. */
export interface MergeResult {
  /** "V6"; of a dry run, the number that the version would get now. */
  readonly version: string;
  /** Version id; null for a version that a dry run did not make. */
  readonly id: Digest | null;
  /** Digest of the content. */
  readonly digest: Digest;
  /** Whether a version was made: not where one was made from the other, and so holds both. */
  readonly changed: boolean;
}

/**
 * Makes a version that holds what both have changed since the newest version that both were made from.
 *
 * @throws ArtifoldError USAGE for versions of two artifacts; CONFLICT where both changed a path and nobody is to win
 */
export async function mergeVersions(
  engine: Engine,
  [ours, theirs]: readonly [VersionRow, VersionRow],
  options: MergeOptions = {},
): Promise<MergeResult> {
  if (ours.artifactRow !== theirs.artifactRow) {
    throw new ArtifoldError("USAGE", "only versions of one artifact can be merged");
  }
  if (isMadeFrom(engine.catalog, ours.version, theirs.version)) return holdsBoth(ours);
  if (isMadeFrom(engine.catalog, theirs.version, ours.version)) return holdsBoth(theirs);
  const merged = await mergeDraft(engine, ours, theirs, { onConflict: winnerOf(options), signal: options.signal });
  const { draft } = merged;
  let result: MergeResult | undefined;
  try {
    result = await publishMerge(engine, [ours, theirs], merged, options);
    return result;
  } finally {
    if (result?.id != null) draft.finish();
    else await draft.abort();
  }
}

async function publishMerge(
  engine: Engine,
  [ours, theirs]: readonly [VersionRow, VersionRow],
  { draft, manifest, sums }: Merged,
  { message, dryRun, signal }: MergeOptions,
): Promise<MergeResult> {
  const { catalog } = engine;
  const artifact = catalog.artifactByRow(ours.artifactRow);
  if (dryRun === true) {
    return { version: formatNumber(artifact.highest + 1), id: null, digest: manifest, changed: true };
  }
  const content = await (draft.content as ContentWriter).seal(manifest);
  const made = mergeRecord(engine, artifact, {
    manifest,
    parents: [ours.version, theirs.version],
    message: message ?? `merge of ${formatNumber(ours.number)} and ${formatNumber(theirs.number)}`,
  });
  let number = 0;
  await engine.commit(() => {
    number = catalog.artifactByRow(ours.artifactRow).highest + 1;
    if (number > MAX_INTEGER) throw new ArtifoldError("LIMIT", `${artifact.name} has been given the last number`);
    const { newBytes } = draft.content;
    const change: Change = { change: "version", artifact: artifact.artifact, ...made, number, ...sums, newBytes };
    return { changes: [change], content };
  }, signal);
  return { version: formatNumber(number), id: made.version, digest: manifest, changed: true };
}

function holdsBoth({ number, version, manifest }: VersionRow): MergeResult {
  return { version: formatNumber(number), id: version, digest: manifest, changed: false };
}

/** Who wins at each path. */
function winnerOf({ onConflict = "fail", oursAt = [], theirsAt = [] }: MergeOptions): WinnerAt {
  const isOurs = oursAt.length === 0 ? () => false : compileGlobs(oursAt);
  const isTheirs = theirsAt.length === 0 ? () => false : compileGlobs(theirsAt);
  return (path) => (isOurs(path) ? "ours" : isTheirs(path) ? "theirs" : onConflict);
}
