/** Two versions of one artifact merged into a draft: what both changed since the newest version that both were made from. */
import { type ArtifactRow, formatNumber, type VersionRow } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import {
  EMPTY_MANIFEST,
  encodeVersionRecord,
  manifestSums,
  NONCE_BYTES,
  type Sums,
  versionId,
} from "../manifest/index.ts";
import { randomBytes } from "../platform/index.ts";
import { commonAncestor } from "./ancestors.ts";
import { Draft } from "./draft.ts";
import type { Engine } from "./engine.ts";
import { type ConflictWords, mergeInto, type OnConflict, type WinnerAt } from "./merging.ts";

/** Two versions, merged. */
export interface Merged {
  readonly draft: Draft;
  readonly manifest: Digest;
  readonly sums: Sums;
}

/** How to merge. */
export interface MergeDraftOptions {
  readonly onConflict?: OnConflict | WinnerAt | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Merges. The draft is the caller's to end.
 *
 * @throws ArtifoldError CONFLICT where both changed a path and nobody is to win
 */
export async function mergeDraft(
  engine: Engine,
  ours: VersionRow,
  theirs: VersionRow,
  { onConflict, signal }: MergeDraftOptions = {},
): Promise<Merged> {
  const base = commonAncestor(engine.catalog, ours.version, theirs.version);
  const draft = await Draft.begin(engine, ours.manifest, engine.isRehearsal, signal);
  try {
    await mergeInto(
      draft,
      base?.manifest ?? EMPTY_MANIFEST,
      theirs.manifest,
      onConflict,
      wordsFor(engine, ours, theirs),
    );
    const manifest = await draft.flush();
    return { draft, manifest, sums: await manifestSums(draft.reader, manifest) };
  } catch (error) {
    await draft.abort();
    throw error;
  }
}

function wordsFor({ catalog }: Engine, ours: VersionRow, theirs: VersionRow): ConflictWords {
  const { name } = catalog.artifactByRow(ours.artifactRow);
  const [first, second] = [ours, theirs].map(({ number }) => formatNumber(number));
  return {
    changed: `was changed on the way to ${first} and on the way to ${second}`,
    kinds: `is a file in one of ${first} and ${second}, and a folder in the other`,
    hint: `Say who wins: \`artifold merge ${name}:${first} ${name}:${second}\` with --ours or --theirs, or at some paths with --ours-at and --theirs-at.`,
  };
}

/** The record of a version that was made from two. */
export function mergeRecord(
  engine: Engine,
  artifact: ArtifactRow,
  { manifest, parents, message }: { manifest: Digest; parents: readonly Digest[]; message: string },
): { readonly record: Uint8Array; readonly version: Digest } {
  const record = encodeVersionRecord({
    artifact: artifact.artifact,
    manifest,
    parents,
    createdAt: engine.clock.now(),
    createdBy: engine.user,
    run: undefined,
    message,
    metadata: {},
    nonce: randomBytes(NONCE_BYTES),
  });
  return { record, version: versionId(record) };
}
