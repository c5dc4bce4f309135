/** A real store beside its model: what must be the same in both. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { expect } from "vitest";
import { type Artifact, openStore, type Store, type Version } from "../../src/index.ts";
import { isSame, type ModelDraft, ModelStore, type ModelVersion, type Tree } from "./store-model.ts";
import { all, newFolder, readFiles } from "./stores.ts";

/** Two handles on one store, which stand to each other as two processes do. */
export const SLOTS = [0, 1] as const;
export type Slot = (typeof SLOTS)[number];

/** The store as maps, and a draft for each handle. */
export class Model extends ModelStore {
  readonly drafts: [ModelDraft | undefined, ModelDraft | undefined] = [undefined, undefined];
}

/** The store under test, opened twice, each with a draft of its own. */
export class Real {
  readonly root: string;
  readonly folder: string;
  readonly stores: Store[] = [];
  readonly drafts: [Artifact | undefined, Artifact | undefined] = [undefined, undefined];
  #folders = 0;

  constructor() {
    this.root = newFolder();
    this.folder = path.join(this.root, "store");
  }

  async open(): Promise<void> {
    for (const _ of SLOTS) this.stores.push(await openStore(this.folder, { workers: 0 }));
  }

  async close(): Promise<void> {
    for (const slot of SLOTS) await this.giveUp(slot);
    for (const store of this.stores.splice(0)) await store.close();
  }

  async giveUp(slot: Slot): Promise<void> {
    await this.drafts[slot]?.close();
    this.drafts[slot] = undefined;
  }

  store(slot: Slot): Store {
    return this.stores[slot] as Store;
  }

  version(slot: Slot, name: string, number: number): Promise<Version> {
    return this.store(slot).resolve(`${name}:V${number}`, { removed: true });
  }

  newFolder(): string {
    const folder = path.join(this.root, `folder-${this.#folders++}`);
    mkdirSync(folder);
    return folder;
  }
}

/** The entries of a version with its texts, or of a draft. */
export async function treeOf(source: Version | Artifact): Promise<Map<string, string>> {
  const tree = new Map<string, string>();
  for await (const { path: file, kind, digest } of source.entries()) {
    tree.set(
      kind === "folder" ? `${file}/` : file,
      "read" in source && kind === "file" ? await text(source, file) : (digest ?? ""),
    );
  }
  return tree;
}

async function text(version: Version, file: string): Promise<string> {
  return Buffer.from(await version.read(file)).toString("latin1");
}

/** Compares what lists say of artifacts and versions. */
export async function compareLists(model: Model, real: Real, slot: Slot): Promise<void> {
  const store = real.store(slot);
  const living = [...model.artifacts].filter(([name]) => model.latest(name) !== undefined).sort();
  expect((await all(store.artifacts())).map(({ name, latest, versions }) => [name, latest, versions])).toEqual(
    living.map(([name, { versions }]) => [
      name,
      `V${model.latest(name)?.number}`,
      versions.filter((version) => !version.removed).length,
    ]),
  );
  for (const [name, artifact] of model.artifacts) {
    const newestFirst = [...artifact.versions].reverse();
    const listed = await all(store.versions(name, { removed: true }));
    expect(
      listed.map(({ number, message, metadata, tags, files }) => ({ number, message, metadata, tags, files })),
    ).toEqual(
      newestFirst.map(({ number, message, metadata, tree }) => ({
        number,
        message,
        metadata,
        tags: [...artifact.tags].flatMap(([tag, at]) => (at === number ? [tag] : [])).sort(),
        files: [...tree.keys()].filter((key) => !key.endsWith("/")).length,
      })),
    );
    const shown = await all(store.versions(name));
    expect(shown.map(({ number }) => number)).toEqual(
      newestFirst.filter(({ removed }) => !removed).map(({ number }) => number),
    );
    for (const version of listed) {
      const same = artifact.versions.filter(
        ({ number, tree, removed }) =>
          number !== version.number && !removed && isSame(tree, artifact.versions[version.number - 1]?.tree as Tree),
      );
      expect(version.sameAs).toEqual(same.map(({ number }) => `V${number}`));
    }
  }
}

/** Everything that versions hold: read, downloaded, compared with each other, and verified. */
export async function compareContents(model: Model, real: Real): Promise<void> {
  for (const [name, { versions }] of model.artifacts) {
    const found: Version[] = [];
    for (const { number, tree } of versions) {
      const version = await real.version(0, name, number);
      found.push(version);
      expect(sorted(await treeOf(version))).toEqual(sorted(tree));
    }
    const target = real.newFolder();
    for (const [at, { tree }] of versions.entries()) {
      // Each over the one before: only what differs is written, and the rest must be right too.
      await (found[at] as Version).download(target);
      expect(readFiles(target)).toEqual(Object.fromEntries(tree));
      for (const other of [at - 1, at + 1].filter((each) => versions[each] !== undefined)) {
        const changes = await all((found[at] as Version).diff(found[other] as Version));
        expect(changes.map((change) => [change.path, change.kind])).toEqual(
          differences(tree, (versions[other] as ModelVersion).tree),
        );
      }
    }
  }
  expect(await real.store(1).verify()).toMatchObject({ ok: true, problems: [] });
}

function sorted(tree: Tree): [string, string][] {
  return [...tree].sort(([left], [right]) => (left < right ? -1 : 1));
}

function differences(before: Tree, after: Tree): [string, string][] {
  const value = (tree: Tree, file: string): string | undefined =>
    tree.has(`${file}/`) ? "/" : tree.get(file)?.concat("=");
  const files = [...new Set([...before.keys(), ...after.keys()].map((key) => key.replace(/\/$/, "")))];
  files.sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
  return files.flatMap((file) => {
    const [was, is] = [value(before, file), value(after, file)];
    if (was === is) return [];
    return [[file, was === undefined ? "added" : is === undefined ? "removed" : "modified"]];
  });
}
