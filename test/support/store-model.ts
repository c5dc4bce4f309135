/** A store as plain maps: what the real one is compared with. */

/** Entries of a version or draft: texts of files by path; of an empty folder its path with a slash, and no text. */
export type Tree = ReadonlyMap<string, string>;

/** A version of the model. */
export interface ModelVersion {
  readonly number: number;
  readonly tree: Tree;
  message: string;
  metadata: { readonly [key: string]: number };
  removed: boolean;
}

/** An artifact of the model. */
export interface ModelArtifact {
  readonly versions: ModelVersion[];
  readonly tags: Map<string, number>;
}

/** A draft of the model. */
export interface ModelDraft {
  readonly name: string;
  tree: Tree;
  base: ModelVersion | undefined;
  asIs: boolean;
}

/** Who wins where two sides changed a path. */
export type Winner = "fail" | "ours" | "theirs";

/** What the real store answers with CONFLICT. */
export class ModelConflict extends Error {}

/** The path of a key of a tree: without the slash that marks a folder. */
function pathOf(key: string): string {
  return key.endsWith("/") ? key.slice(0, -1) : key;
}

function isBelow(key: string, folder: string): boolean {
  return pathOf(key).startsWith(`${folder}/`);
}

function without(tree: Tree, gone: (key: string) => boolean): Map<string, string> {
  return new Map([...tree].filter(([key]) => !gone(key)));
}

/** The tree after something was put in, as `add` of bytes does. */
export function put(tree: Tree, file: string, text: string): Tree {
  const keys = [...tree.keys()];
  if (keys.some((key) => isBelow(key, file) || (!key.endsWith("/") && isBelow(file, key)))) throw new ModelConflict();
  return without(tree, (key) => pathOf(key) === file || (key.endsWith("/") && isBelow(file, pathOf(key)))).set(
    file,
    text,
  );
}

/** The tree after a folder was added at its root. */
export function addFolder(tree: Tree, folder: Tree): Tree {
  let result = tree;
  for (const [key, text] of folder) {
    if (!key.endsWith("/")) result = put(result, key, text);
    // An empty folder stands for itself only: where there is something below it, it is there already.
    else if (![...result.keys()].some((each) => isBelow(each, pathOf(key)))) {
      result = without(put(result, pathOf(key), ""), (each) => each === pathOf(key)).set(key, "");
    }
  }
  return result;
}

/** The tree without what a path means: an entry, or a folder with all that is in it. */
export function remove(tree: Tree, file: string): Tree {
  return without(tree, (key) => pathOf(key) === file || isBelow(key, file));
}

/** Whether two trees hold the same. */
export function isSame(left: Tree, right: Tree): boolean {
  return left.size === right.size && [...left].every(([key, text]) => right.get(key) === text);
}

function byPath(tree: Tree): Map<string, string> {
  return new Map([...tree].map(([key, text]) => [pathOf(key), key.endsWith("/") ? "/" : `=${text}`]));
}

/** Our changes of a base, applied to theirs. */
function merge(base: Tree, ours: Tree, theirs: Tree, winner: Winner): Tree {
  const [was, mine, hers] = [byPath(base), byPath(ours), byPath(theirs)];
  const merged = new Map<string, string>();
  for (const file of new Set([...was.keys(), ...mine.keys(), ...hers.keys()])) {
    const [b, o, t] = [was.get(file), mine.get(file), hers.get(file)];
    let value = o === b || o === t ? t : o;
    if (o !== b && t !== b && o !== t) {
      if (winner === "fail") throw new ModelConflict();
      value = winner === "ours" ? o : t;
    }
    if (value !== undefined) merged.set(file, value);
  }
  const gone = losers(merged, (file) => mine.get(file) !== merged.get(file), winner);
  const left = [...merged].filter(([file]) => !gone.has(file));
  return new Map(left.map(([file, value]) => (value === "/" ? [`${file}/`, ""] : [file, value.slice(1)])));
}

/** Paths that make way where one side has a file and the other a folder. An empty folder always does. */
function losers(merged: ReadonlyMap<string, string>, isTheirs: (file: string) => boolean, winner: Winner): Set<string> {
  const gone = new Set<string>();
  for (const [parent, value] of merged) {
    for (const below of [...merged.keys()].filter((key) => isBelow(key, parent))) {
      if (value === "/") gone.add(parent);
      else if (winner === "fail") throw new ModelConflict();
      else gone.add(isTheirs(parent) === (winner === "theirs") ? below : parent);
    }
  }
  return gone;
}

/** A store of the model. */
export class ModelStore {
  readonly artifacts = new Map<string, ModelArtifact>();

  latest(name: string): ModelVersion | undefined {
    return this.artifacts.get(name)?.versions.findLast((version) => !version.removed);
  }

  draft(name: string): ModelDraft {
    const base = this.latest(name);
    return { name, tree: base?.tree ?? new Map(), base, asIs: false };
  }

  /** @returns the version that the draft is on now, and whether it was made */
  upload(draft: ModelDraft, message: string, tags: readonly string[], winner: Winner): [ModelVersion, boolean] {
    const newest = this.latest(draft.name);
    const [base, theirs] = [draft.base?.tree ?? new Map(), newest?.tree ?? new Map()];
    const isMoved = (newest === undefined) !== (draft.base === undefined) || !isSame(base, theirs);
    if (!draft.asIs && isMoved) draft.tree = merge(base, draft.tree, theirs, winner);
    const changed = newest === undefined || !isSame(newest.tree, draft.tree);
    const artifact: ModelArtifact = this.artifacts.get(draft.name) ?? { versions: [], tags: new Map() };
    this.artifacts.set(draft.name, artifact);
    const version: ModelVersion = changed
      ? { number: artifact.versions.length + 1, tree: draft.tree, message, metadata: {}, removed: false }
      : newest;
    if (changed) artifact.versions.push(version);
    for (const tag of tags) artifact.tags.set(tag, version.number);
    draft.base = version;
    draft.asIs = false;
    return [version, changed];
  }
}
