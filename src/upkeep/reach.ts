/** Walks what versions need: whether all of it is there, and which versions a damaged object hits. */
import type { Catalog } from "../catalog/index.ts";
import { formatNumber } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { isArtifoldError } from "../errors.ts";
import {
  checkListChild,
  checkListRoot,
  checkRoot,
  decodeListNode,
  EMPTY_MANIFEST,
  type FileEntry,
  type InnerNode,
  joinSubtrees,
  type LeafNode,
  type ListFacts,
  leafSubtree,
  listFacts,
  type ManifestNode,
  NodeReader,
  type Subtree,
} from "../manifest/index.ts";
import type { ObjectStore } from "../objects/index.ts";
import type { Found, Problem } from "./problem.ts";

/** Looks at content. Each says why what it looked at cannot be used, or gives `undefined` when it can. */
export interface ContentCheck {
  /** Whether a chunk is there, as far as is known without reading it. */
  isThere(digest: Digest): string | undefined;
  /** Reads the one chunk of a file. Without it only presence is asked. */
  chunk?(entry: FileEntry): string | undefined;
  /** Reads a file of several chunks, whose list is in order and whose chunks are there. */
  file?(entry: FileEntry): Promise<string | undefined>;
}

/** A version that is checked. */
export interface CheckedVersion {
  readonly manifest: Digest;
  /** "team/experiment/name:V2" */
  readonly label: string;
  /** Whether a remote has its content, so that what is not here is no loss. */
  readonly isElsewhere: boolean;
}

/** All versions of a catalog, removed ones included: their content is kept. */
export function allVersions(catalog: Catalog): CheckedVersion[] {
  const names = new Map(catalog.artifacts().map((row) => [row.row, `${row.team}/${row.experiment}/${row.name}`]));
  return catalog.manifests().map(({ manifest, artifactRow, number, elsewhere }) => ({
    manifest,
    isElsewhere: elsewhere !== null,
    label: `${names.get(artifactRow)}:${formatNumber(number)}`,
  }));
}

/**
 * Checks what versions need, and says which of them each problem hits.
 *
 * @param found what is known to be wrong with stored files
 */
export async function checkVersions(
  versions: readonly CheckedVersion[],
  objects: ObjectStore,
  found: readonly Found[],
  content: ContentCheck,
  pause: () => Promise<void>,
): Promise<Problem[]> {
  const reach = new Reach(objects, content, pause);
  const hit = new Map<Digest, string[]>();
  for (const { manifest, label, isElsewhere } of versions) {
    for (const digest of await reach.lackingBelow(manifest)) {
      if (isElsewhere && objects.locate(digest) === undefined) continue;
      hit.set(digest, [...(hit.get(digest) ?? []), label]);
    }
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

/** What was found of a node and all below it. */
interface Walked<Facts> {
  /** Objects that are damaged or not there. */
  readonly lacking: readonly Digest[];
  /** What it is; absent where it or something below it cannot be read, or does not fit together. */
  readonly facts: Facts | undefined;
}

/** Remembers what was found of each node, so that what versions share is walked once. */
class Reach {
  /** Why an object cannot be used. */
  readonly reasons = new Map<Digest, string>();
  readonly #objects: ObjectStore;
  readonly #reader: NodeReader;
  readonly #content: ContentCheck;
  readonly #pause: () => Promise<void>;
  readonly #trees = new Map<Digest, Walked<Subtree>>();
  readonly #lists = new Map<Digest, Walked<ListFacts>>();

  constructor(objects: ObjectStore, content: ContentCheck, pause: () => Promise<void>) {
    this.#objects = objects;
    this.#reader = new NodeReader({ readNode: (digest) => objects.read(digest, "manifestNode") });
    this.#content = content;
    this.#pause = pause;
  }

  /** Objects below a manifest that are damaged or not there, or do not fit together. */
  async lackingBelow(manifest: Digest): Promise<readonly Digest[]> {
    if (manifest === EMPTY_MANIFEST) return [];
    const { lacking, facts } = await this.#tree(manifest);
    if (facts === undefined) return lacking;
    const all = new Set(lacking);
    await this.#try(manifest, all, async () => checkRoot(await this.#reader.node(manifest)));
    return [...all];
  }

  async #tree(digest: Digest): Promise<Walked<Subtree>> {
    const known = this.#trees.get(digest);
    if (known !== undefined) return known;
    await this.#pause();
    const lacking = new Set<Digest>();
    const node = await this.#try(digest, lacking, () => this.#reader.node(digest));
    const facts = node && (await this.#look(digest, node, lacking));
    const walked = { lacking: [...lacking], facts };
    this.#trees.set(digest, walked);
    return walked;
  }

  async #look(digest: Digest, node: ManifestNode, lacking: Set<Digest>): Promise<Subtree | undefined> {
    if (node.level === 0) {
      const leaf = node as LeafNode;
      for (const entry of leaf.rows) {
        if (entry.kind !== "file" || entry.size === 0) continue;
        if (entry.chunkList !== undefined) await this.#lookAtList(entry, entry.chunkList, lacking);
        else this.#add(entry.digest, this.#chunk(entry), lacking);
      }
      return leafSubtree(leaf);
    }
    const inner = node as InnerNode;
    const below: Subtree[] = [];
    for (const row of inner.rows) {
      const child = await this.#tree(row.digest);
      for (const each of child.lacking) lacking.add(each);
      if (child.facts !== undefined) below.push(child.facts);
    }
    if (below.length < inner.rows.length) return undefined;
    return this.#try(digest, lacking, () => joinSubtrees(this.#reader, inner, below));
  }

  async #lookAtList(entry: FileEntry, root: Digest, lacking: Set<Digest>): Promise<void> {
    const list = await this.#list(root);
    for (const each of list.lacking) lacking.add(each);
    const { facts } = list;
    if (facts === undefined) return;
    await this.#try(root, lacking, async () => {
      checkListRoot(facts, entry.size);
      this.#add(root, await this.#content.file?.(entry), lacking);
    });
  }

  async #list(digest: Digest): Promise<Walked<ListFacts>> {
    const known = this.#lists.get(digest);
    if (known !== undefined) return known;
    await this.#pause();
    const lacking = new Set<Digest>();
    const node = await this.#try(digest, lacking, () => decodeListNode(this.#objects.read(digest, "chunkListNode")));
    for (const row of node?.rows ?? []) {
      if (node?.level === 0) {
        this.#add(row.digest, this.#content.isThere(row.digest), lacking);
        continue;
      }
      const child = await this.#list(row.digest);
      for (const each of child.lacking) lacking.add(each);
      const { facts } = child;
      if (facts !== undefined) await this.#try(digest, lacking, () => checkListChild(row, node?.level ?? 0, facts));
    }
    const walked = { lacking: [...lacking], facts: lacking.size === 0 && node ? listFacts(node) : undefined };
    this.#lists.set(digest, walked);
    return walked;
  }

  #chunk(entry: FileEntry): string | undefined {
    const content = this.#content;
    return content.chunk === undefined ? content.isThere(entry.digest) : content.chunk(entry);
  }

  #add(digest: Digest, reason: string | undefined, lacking: Set<Digest>): void {
    if (reason === undefined) return;
    lacking.add(digest);
    this.reasons.set(digest, reason);
  }

  /** Does what may find an object damaged; then that object is lacking. */
  async #try<Result>(
    digest: Digest,
    lacking: Set<Digest>,
    action: () => Result | Promise<Result>,
  ): Promise<Result | undefined> {
    try {
      return await action();
    } catch (error) {
      if (!isArtifoldError(error)) throw error;
      lacking.add(digest);
      this.reasons.set(digest, error.message);
      return undefined;
    }
  }
}
