/** Which versions a version was made from, and from which two versions both were. */
import type { Catalog, VersionRow } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { decodeVersionRecord } from "../manifest/index.ts";

/** Whether a version is another one, or was made from it. */
export function isMadeFrom(catalog: Catalog, version: Digest, ancestor: Digest): boolean {
  for (const each of lineOf(catalog, version)) if (each === ancestor) return true;
  return false;
}

/** The newest version from which two others were made; `undefined` where there is none. */
export function commonAncestor(catalog: Catalog, ours: Digest, theirs: Digest): VersionRow | undefined {
  const others = new Set(lineOf(catalog, theirs));
  let newest: VersionRow | undefined;
  for (const id of lineOf(catalog, ours)) {
    const row = others.has(id) ? catalog.versionById(id) : undefined;
    if (row !== undefined && (newest === undefined || row.number > newest.number)) newest = row;
  }
  return newest;
}

/** A version and all that it was made from. One that is found under another's number counts as that one too. */
function* lineOf(catalog: Catalog, version: Digest): Generator<Digest, void, undefined> {
  const seen = new Set<Digest>([version]);
  const open: Digest[] = [version];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    yield id;
    const row = catalog.versionById(id);
    if (row === undefined) continue;
    for (const each of [...decodeVersionRecord(row.record).parents, catalog.holderOf(id)]) {
      if (seen.has(each)) continue;
      seen.add(each);
      open.push(each);
    }
  }
}
