/**
 * What the work of each step comes to, counted: calls to the file system, bytes read and written, files in the store. These
 * figures are the same on every machine and at every load, so that a change for the worse fails here. Times are for `npm run bench`.
 */
import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { openStore, type Store } from "../../src/index.ts";
import { Counted, countingFileSystem } from "../support/counting-file-system.ts";
import { newFolder, scratch } from "../support/stores.ts";

interface Corpus {
  readonly changes: Readonly<Record<string, { make(tree: string, master: string): void }>>;
  make(tree: string, master: string): void;
}

interface Measured {
  readonly peakBytes: number;
}

const bench = (name: string): Promise<unknown> =>
  import(pathToFileURL(fileURLToPath(new URL(`../../bench/${name}`, import.meta.url))).href);
const { corpusOf } = (await bench("corpora/index.mjs")) as { corpusOf(name: string, scale: number): Corpus };
const { measure } = (await bench("measure.mjs")) as {
  measure(commands: readonly object[], options: { home: string; limitSeconds: number }): Measured;
};

const KiB = 1024;
const MiB = 1024 * KiB;
/** Calls that open a store, look for what was left, and close it. */
const AROUND = 100;

/** What one step took. */
interface Took {
  readonly calls: number;
  readonly opens: number;
  readonly flushes: number;
  /** Bytes read from and written to the user's folders. */
  readonly userRead: number;
  readonly userWritten: number;
  /** Bytes written to journal and packs. */
  readonly stored: number;
  readonly storeRead: number;
}

type Step = "first" | "unchanged" | "oneFile" | "v2" | "download";

/** Runs the steps that a corpus has, each in a store that is opened for it. */
async function run(name: string, scale: number): Promise<{ took: Record<Step, Took>; tree: string; store: string }> {
  const work = scratch();
  const [tree, store, target] = [path.join(work, "tree"), path.join(work, "store"), path.join(work, "out")];
  const corpus = corpusOf(name, scale);
  corpus.make(tree, work);
  let counted = new Counted();
  const fs = countingFileSystem(() => counted);
  const step = async (act: (opened: Store) => Promise<unknown>): Promise<Took> => {
    settle(work);
    counted = new Counted();
    const opened = await openStore(store, { fs, workers: 0, user: "tester" });
    await act(opened);
    await opened.close();
    return tookOf(counted, store);
  };
  const changed = (change: string): Promise<Took | undefined> => {
    corpus.changes[change]?.make(tree, work);
    return corpus.changes[change] === undefined ? Promise.resolve(undefined) : step((opened) => upload(opened, tree));
  };
  const took = {
    first: await step((opened) => upload(opened, tree)),
    unchanged: await step((opened) => upload(opened, tree)),
    oneFile: await changed("oneFile"),
    v2: await changed("v2"),
    download: await step(async (opened) => (await opened.getArtifact({ name: "bench", tag: "V1" })).download(target)),
  };
  return { took: took as Record<Step, Took>, tree, store };
}

async function upload(store: Store, tree: string): Promise<void> {
  await using draft = await store.artifact({ name: "bench", type: "dataset" });
  await draft.mirror(tree);
  await draft.upload();
}

/** Lets the clock of the file system go on, so that no file is too young for its stat to be believed. */
function settle(folder: string): void {
  const probe = path.join(folder, "probe");
  const now = (): number => {
    writeFileSync(probe, "");
    return statSync(probe).ctimeMs;
  };
  for (const start = now(); now() < start + 50; );
  rmSync(probe);
}

function tookOf(counted: Counted, store: string): Took {
  const [read, written] = [counted.readBelow(""), counted.writtenBelow("")];
  const storeRead = counted.readBelow(store);
  return {
    calls: counted.callsOf(),
    opens: counted.callsOf("open"),
    flushes: counted.callsOf("flush"),
    userRead: read - storeRead,
    userWritten: written - counted.writtenBelow(store),
    stored: counted.writtenBelow(path.join(store, "packs")) + counted.writtenBelow(path.join(store, "journal")),
    storeRead,
  };
}

function bytesBelow(folder: string): { files: number; bytes: number } {
  let [files, bytes] = [0, 0];
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const stat = statSync(path.join(folder, name));
    if (!stat.isFile()) continue;
    files++;
    bytes += stat.size;
  }
  return { files, bytes };
}

describe("of tiny files in one folder, four times as many", () => {
  test("take four times the calls, and one more among them takes what it takes among few", async () => {
    const [few, many] = [(await run("tiny", 0.003)).took, (await run("tiny", 0.012)).took];
    // The exponent of work: log of the growth of calls to the base of the growth of files.
    const exponent = (step: Step): number => Math.log(many[step].calls / few[step].calls) / Math.log(4);
    for (const step of ["first", "unchanged", "oneFile", "download"] as const)
      expect(exponent(step)).toBeLessThan(1.01);
    for (const took of [few, many]) {
      expect(took.oneFile.calls - took.unchanged.calls).toBeLessThan(60);
      expect(took.oneFile.stored).toBeLessThan(4 * KiB);
    }
    expect(many.first.calls).toBeLessThan(6.1 * 12_000);
    expect(many.unchanged.calls).toBeLessThan(12_000 + AROUND);
    expect(many.download.calls).toBeLessThan(5.1 * 12_000);
  });
});

describe("of two thousand files", () => {
  test("each step reads and writes what it must, and no more", async () => {
    const { took, tree, store } = await run("small", 0.02);
    const content = took.first.userRead;
    expect(took.first.userRead).toBe(16_884_091);
    expect(took.first.stored).toBeLessThan(0.66 * content);
    expect(took.first.flushes).toBeLessThanOrEqual(10);

    expect(took.unchanged).toMatchObject({ userRead: 0, userWritten: 0, stored: 0, flushes: 0 });
    expect(took.unchanged.calls).toBeLessThan(2000 + 2 * 10 + AROUND);
    expect(took.unchanged.storeRead).toBeLessThan(16 * KiB);

    expect(took.oneFile.userRead).toBe(8192);
    expect(took.oneFile.stored).toBeLessThan(8192 + 4 * KiB);
    expect(took.oneFile.flushes).toBe(1);

    // Twenty files rewritten, two added.
    expect(took.v2.userRead).toBe(231_679);
    expect(took.v2.stored).toBeLessThan(0.7 * took.v2.userRead);
    expect(took.v2.opens).toBeLessThan(22 + AROUND);

    expect(took.download.userWritten).toBe(content);
    expect(took.download.storeRead).toBeLessThan(took.first.stored + 64 * KiB);
    expect(bytesBelow(tree).files).toBe(2001);
    expect(bytesBelow(store).files).toBeLessThanOrEqual(9);
  });
});

describe("of one big file", () => {
  test("an insertion and scattered overwrites cost little more than their bytes", async () => {
    const { took } = await run("big", 0.02);
    expect(took.unchanged.stored).toBe(0);
    // 1 KiB inserted, 4 times 4 KiB overwritten.
    expect(took.v2.stored).toBeLessThan(17 * KiB + 8 * KiB);
  });
});

describe("of many versions", () => {
  test("the last costs what the first did, and they are few files", async () => {
    const store = scratch();
    const written: number[] = [];
    const opened = await openStore(store, { workers: 0, user: "tester" });
    const draft = await opened.artifact({ name: "bench", type: "dataset" });
    for (let version = 0; version < 300; version++) {
      await draft.add(Buffer.from(`the one line of version ${version}\n`), { as: `part-${version % 20}.txt` });
      written.push((await draft.upload()).writtenBytes);
    }
    await draft.close();
    await opened.close();
    expect(Math.max(...written.slice(-100)), "the last hundred").toBeLessThan(
      Math.max(...written.slice(20, 120)) + 512,
    );
    expect(bytesBelow(store).files).toBeLessThanOrEqual(10);
  });
});

describe("of the built command", () => {
  test.runIf(process.platform === "linux")("memory stays small, whatever it is given", () => {
    const work = newFolder();
    const cli = fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url));
    for (const [name, scale, most] of [
      ["tiny", 0.03, 200 * MiB],
      ["big", 0.05, 200 * MiB],
    ] as const) {
      const tree = path.join(work, name);
      corpusOf(name, scale).make(tree, work);
      const argv = [
        process.execPath,
        cli,
        "upload",
        tree,
        "--name",
        name,
        "--type",
        "dataset",
        "--store",
        path.join(work, "store"),
      ];
      const { peakBytes } = measure([{ argv }], { home: work, limitSeconds: 120 });
      expect(peakBytes, name).toBeLessThan(most);
    }
    rmSync(work, { recursive: true });
  });
});
