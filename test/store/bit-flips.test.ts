/**
 * Any bit that changes in what a store keeps is found, and never comes back as somebody's content.
 *
 * The store is the one of the vectors: it is small and has every part that can be damaged, a sealed segment with its table,
 * a checkpoint and packs of both kinds among them.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isArtifoldError, openStore, type Store, type Version } from "../../src/index.ts";
import { newFolder, readFiles, textsOf } from "../support/stores.ts";
import { unhex } from "../vectors/make/shape.ts";
import { readVectors } from "../vectors/read.ts";

const { files } = readVectors<{ small: { files: { [path: string]: string } } }>("stores").small;
const intact = new Map(Object.entries(files).map(([file, hex]) => [file, unhex(hex)]));
/** What each version holds, by its id, read from the store before anything is damaged. */
const truth = new Map<string, { [path: string]: string }>();
const catalogFiles = new Map<string, Uint8Array>();

let root: string;
let folder: string;
let out: string;

/** Puts the store into its folder as it was, with its catalog or without. */
function restore(withCatalog: boolean): void {
  for (const each of [folder, out]) rmSync(each, { recursive: true, force: true });
  for (const part of ["packs", "journal", "files"]) mkdirSync(path.join(folder, part), { recursive: true });
  for (const [file, bytes] of intact) writeFileSync(path.join(folder, file), bytes);
  if (withCatalog) for (const [file, bytes] of catalogFiles) writeFileSync(path.join(folder, file), bytes);
}

beforeAll(async () => {
  root = newFolder();
  folder = path.join(root, "store");
  out = path.join(root, "out");
  restore(false);
  const store = await openStore(folder, { workers: 0, create: false });
  for (const version of await allVersions(store)) truth.set(version.id, await textsOf(version));
  expect(await store.verify()).toMatchObject({ ok: true, versions: 3 });
  await store.close();
  for (const [name, content] of Object.entries(readFiles(folder))) {
    if (name.startsWith("catalog")) catalogFiles.set(name, Buffer.from(content, "latin1"));
  }
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

async function allVersions(store: Store): Promise<Version[]> {
  const versions: Version[] = [];
  for await (const { team, experiment, type, name } of store.artifacts()) {
    for await (const version of store.versions(`${team}/${experiment}/${name}`, { type, removed: true })) {
      versions.push(version);
    }
  }
  return versions;
}

/** Opens the damaged store; a refusal is an answer too. */
async function tryOpen(): Promise<Store | undefined> {
  try {
    return await openStore(folder, { workers: 0, create: false });
  } catch (error) {
    if (!isArtifoldError(error)) throw error;
    expect(["STORE_REFUSED", "FORMAT_UNSUPPORTED", "DAMAGED"]).toContain(error.code);
    return undefined;
  }
}

/** Every version gives what it held or an error, read and downloaded; nothing else. */
async function expectNoLies(store: Store): Promise<void> {
  for (const version of await allVersions(store)) {
    const held = truth.get(version.id) as { [path: string]: string };
    const texts = await unlessDamaged(() => textsOf(version));
    if (texts !== undefined) expect(texts).toEqual(held);
    const target = path.join(out, version.id);
    await unlessDamaged(() => version.download(target));
    // Of a download that failed, each file that is there is whole.
    const written = Object.entries(safeFiles(target)).filter(([file]) => file in held);
    for (const [file, text] of written) expect([file, text]).toEqual([file, held[file]]);
  }
}

async function unlessDamaged<Result>(action: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await action();
  } catch (error) {
    if (!isArtifoldError(error)) throw error;
    expect(["DAMAGED", "FORMAT_UNSUPPORTED"]).toContain(error.code);
    return undefined;
  }
}

function safeFiles(target: string): { [path: string]: string } {
  return readdirSync(root).includes("out") && readdirSync(out).includes(path.basename(target)) ? readFiles(target) : {};
}

/** Files, and places in them: half of them near an end, where heads, tables and feet are. */
const places = fc.constantFrom(...intact.keys()).chain((file) => {
  const last = (intact.get(file) as Uint8Array).length - 1;
  const at = fc.oneof(
    fc.nat(last),
    fc.nat(Math.min(700, last)),
    fc.nat(Math.min(700, last)).map((before) => last - before),
  );
  return fc.record({ file: fc.constant(file), at, bit: fc.nat(7) });
});

async function expectFound(file: string, at: number, bit: number, withCatalog: boolean): Promise<void> {
  restore(withCatalog);
  const bytes = Uint8Array.from(intact.get(file) as Uint8Array);
  bytes[at] = (bytes[at] as number) ^ (1 << bit);
  writeFileSync(path.join(folder, file), bytes);
  const store = await tryOpen();
  if (store === undefined) return;
  try {
    await expectNoLies(store);
    const { ok, problems } = await store.verify();
    // Without a catalog a flipped last record cannot be told from one that power cut off: it is put aside, and said.
    if (!withCatalog && store.engine.setAside.length > 0) return;
    expect(ok).toBe(false);
    expect(problems.map((problem) => problem.file)).toContain(file);
    // Where it is, is said once.
    for (const { file: at, reason } of problems) expect(reason).not.toContain(at);
  } finally {
    await store.close();
  }
}

test.each([true, false])(
  "one flipped bit anywhere is found by verify or refused, with the catalog there: %s",
  async (withCatalog) => {
    await fc.assert(
      fc.asyncProperty(places, ({ file, at, bit }) => expectFound(file, at, bit, withCatalog)),
      { numRuns: 90 },
    );
  },
);
