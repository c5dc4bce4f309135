/** Puts the changes of a draft onto a version that somebody else uploaded meanwhile. */
import type { Digest } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import {
  applyEdits,
  type Clash,
  comparePaths,
  diffManifests,
  entriesInTheWay,
  findEntry,
  folderRange,
  mergeManifests,
  readEntries,
} from "../manifest/index.ts";
import type { Draft } from "./draft.ts";

/** Who wins where two uploads changed one path: nobody (the upload fails), this upload, or the other one. */
export type OnConflict = "fail" | "ours" | "theirs";

/** Who wins at a path. */
export type WinnerAt = (path: string) => OnConflict;

/** How a conflict is told: by what two sides are. */
export interface ConflictWords {
  /** After a path that both changed. */
  readonly changed: string;
  /** After a path that is a file on one side and a folder on the other. */
  readonly kinds: string;
  readonly hint: string;
}

const ofUploads: ConflictWords = {
  changed: "was changed by another upload meanwhile",
  kinds: "is a file in one upload and a folder in another",
  hint: "Say who wins: upload again with --ours or --theirs, or start from the newest version.",
};

/**
 * Makes a draft what it would be had it been begun on somebody else's version.
 *
 * @param base what both sides began with
 * @throws ArtifoldError CONFLICT where both changed a path and nobody is to win; then the draft stays as it was
 */
export async function mergeInto(
  draft: Draft,
  base: Digest,
  theirs: Digest,
  onConflict: OnConflict | WinnerAt = "fail",
  words: ConflictWords = ofUploads,
): Promise<void> {
  const winnerAt: WinnerAt = typeof onConflict === "function" ? onConflict : () => onConflict;
  const ours = await draft.flush();
  const clashes: Clash[] = [];
  async function* edits() {
    for await (const step of mergeManifests(draft.reader, base, ours, theirs)) {
      clashes.push(...step.clashes.filter(({ path }) => winnerAt(path) === "fail"));
      const won = step.clashes.filter(({ path }) => winnerAt(path) === "ours");
      const all = [...step.edits, ...won.map((clash) => ({ path: clash.path, entry: clash.ours }))];
      yield all.sort((left, right) => comparePaths(left.path, right.path));
    }
  }
  const merged = await applyEdits(draft.unsettledReader, draft.content.manifestNodes, theirs, edits());
  const [first] = clashes;
  if (first !== undefined) {
    const more = clashes.length - 1;
    throw new ArtifoldError("CONFLICT", `${first.path} ${words.changed}${more > 0 ? `, and ${more} more paths` : ""}`, {
      info: { paths: clashes.slice(0, 100).map((clash) => clash.path) },
      hint: words.hint,
    });
  }
  const gone = await entriesToGo(draft, ours, merged, { winnerAt, words });
  const removals = [...gone].sort(comparePaths).map((path) => ({ path, entry: undefined }));
  draft.setRoot(await applyEdits(draft.unsettledReader, draft.content.manifestNodes, merged, [removals]));
}

/** After a merge an entry of the one side may stand where the other has a folder: the entries that make way. */
async function entriesToGo(
  draft: Draft,
  ours: Digest,
  merged: Digest,
  { winnerAt, words }: { readonly winnerAt: WinnerAt; readonly words: ConflictWords },
): Promise<Set<string>> {
  const reader = draft.unsettledReader;
  const gone = new Set<string>();
  for await (const batch of diffManifests(reader, ours, merged)) {
    for (const { path, after } of batch) {
      if (after === undefined) continue;
      for (const parent of await entriesInTheWay(reader, merged, path)) {
        const entry = parent === path ? after : await findEntry(reader, merged, parent);
        // A folder that the one side made stays one when the other puts something into it.
        if (entry?.kind === "folder") gone.add(parent);
        else if (winnerAt(path) === "ours") gone.add(path);
        else if (winnerAt(path) === "fail") throw fileAndFolder(parent, words);
        else if (parent !== path) gone.add(parent);
        else await addAllBelow(draft, merged, path, gone);
      }
    }
  }
  return gone;
}

async function addAllBelow(draft: Draft, manifest: Digest, folder: string, paths: Set<string>): Promise<void> {
  for await (const batch of readEntries(draft.unsettledReader, manifest, folderRange(folder))) {
    for (const entry of batch) paths.add(entry.path);
  }
}

function fileAndFolder(path: string, { kinds, hint }: ConflictWords): ArtifoldError {
  return new ArtifoldError("CONFLICT", `${path} ${kinds}`, { info: { paths: [path] }, hint });
}
