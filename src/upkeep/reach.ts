/** Walks what versions need: whether all of it is there, and which versions a damaged object hits. */
import type { Catalog } from "../catalog/index.ts";
import { formatNumber } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { isArtifoldError } from "../errors.ts";
import { type ChildRow, decodeListNode, decodeNode, EMPTY_MANIFEST, type Entry } from "../manifest/index.ts";
import type { ObjectStore, ObjectType } from "../objects/index.ts";
import type { Found, Problem } from "./problem.ts";

/** An object that something refers to, and as what. */
interface Reference {
  readonly type: ObjectType;
  readonly digest: Digest;
}

/** A version that is checked. */
export interface CheckedVersion {
  readonly manifest: Digest;
  /** "team/experiment/name:V2" */
  readonly label: string;
}

/** All versions of a catalog, removed ones included: their content is kept. */
export function allVersions(catalog: Catalog): CheckedVersion[] {
  const names = new Map(catalog.artifacts().map((row) => [row.row, `${row.team}/${row.experiment}/${row.name}`]));
  return catalog.manifests().map(({ manifest, artifactRow, number }) => ({
    manifest,
    label: `${names.get(artifactRow)}:${formatNumber(number)}`,
  }));
}

/**
 * Checks what versions need, and says which of them each problem hits.
 *
 * @param found what is known to be wrong with stored files
 * @param chunks says of a chunk why it cannot be used, or `undefined`
 */
export async function checkVersions(
  versions: readonly CheckedVersion[],
  objects: ObjectStore,
  found: readonly Found[],
  chunks: (digest: Digest) => string | undefined,
  pause: () => Promise<void>,
): Promise<Problem[]> {
  const reach = new Reach(objects, chunks);
  const hit = new Map<Digest, string[]>();
  for (const { manifest, label } of versions) {
    for (const digest of await reach.lackingBelow(manifest, pause))
      hit.set(digest, [...(hit.get(digest) ?? []), label]);
  }
  const problems: Problem[] = found.map(({ problem, objects: digests }) => ({
    ...problem,
    versions: [...new Set(digests.flatMap((digest) => hit.get(digest) ?? []))],
  }));
  const explained = new Set(found.flatMap((each) => each.objects));
  for (const [digest, labels] of hit) {
    if (explained.has(digest)) continue;
    const reason = `object ${digest}: ${reach.reasons.get(digest)}`;
    problems.push({ kind: "missing", file: null, offset: null, reason, versions: labels });
  }
  return problems;
}

/** Remembers of each node what is lacking below it, so that what versions share is walked once. */
class Reach {
  /** Why an object cannot be used. */
  readonly reasons = new Map<Digest, string>();
  readonly #objects: ObjectStore;
  readonly #chunks: (digest: Digest) => string | undefined;
  readonly #lacking = new Map<Digest, readonly Digest[]>();

  constructor(objects: ObjectStore, chunks: (digest: Digest) => string | undefined) {
    this.#objects = objects;
    this.#chunks = chunks;
  }

  /** Objects below a manifest that are damaged or not there. */
  async lackingBelow(manifest: Digest, pause: () => Promise<void>): Promise<readonly Digest[]> {
    return manifest === EMPTY_MANIFEST ? [] : this.#below({ type: "manifestNode", digest: manifest }, pause);
  }

  async #below(node: Reference, pause: () => Promise<void>): Promise<readonly Digest[]> {
    const known = this.#lacking.get(node.digest);
    if (known !== undefined) return known;
    await pause();
    const lacking = new Set<Digest>();
    for (const reference of this.#references(node, lacking)) {
      if (reference.type !== "chunk") for (const each of await this.#below(reference, pause)) lacking.add(each);
      else this.#lookAtChunk(reference.digest, lacking);
    }
    const result = [...lacking];
    this.#lacking.set(node.digest, result);
    return result;
  }

  #lookAtChunk(digest: Digest, lacking: Set<Digest>): void {
    const reason = this.#chunks(digest);
    if (reason === undefined) return;
    lacking.add(digest);
    this.reasons.set(digest, reason);
  }

  /** What a node refers to; the node itself is lacking when it cannot be read. */
  #references({ type, digest }: Reference, lacking: Set<Digest>): Reference[] {
    try {
      const bytes = this.#objects.read(digest, type);
      return type === "manifestNode" ? manifestReferences(bytes) : listReferences(bytes);
    } catch (error) {
      if (!isArtifoldError(error)) throw error;
      lacking.add(digest);
      this.reasons.set(digest, error.message);
      return [];
    }
  }
}

function manifestReferences(bytes: Uint8Array): Reference[] {
  const node = decodeNode(bytes);
  if (node.level > 0) {
    return (node.rows as readonly ChildRow[]).map((row) => ({ type: "manifestNode", digest: row.digest }));
  }
  const references: Reference[] = [];
  for (const entry of node.rows as readonly Entry[]) {
    if (entry.kind !== "file" || entry.size === 0) continue;
    if (entry.chunkList === undefined) references.push({ type: "chunk", digest: entry.digest });
    else references.push({ type: "chunkListNode", digest: entry.chunkList });
  }
  return references;
}

function listReferences(bytes: Uint8Array): Reference[] {
  const node = decodeListNode(bytes);
  return node.rows.map((row) => ({ type: node.level === 0 ? "chunk" : "chunkListNode", digest: row.digest }));
}
