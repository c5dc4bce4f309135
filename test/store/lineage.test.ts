/** The graph of runs and versions: both ways, from near to far, within bounds. */
import { beforeEach, describe, expect, test } from "vitest";
import type { Digest, Lineage, Run, Store, Version } from "../../src/index.ts";
import { openScratch, uploadFiles } from "../support/stores.ts";

let store: Store;

beforeEach(async () => {
  store = await openScratch();
});

/** A run that reads some artifacts and makes one. */
async function step(name: string, reads: readonly string[], makes?: string): Promise<Run> {
  const run = await store.startRun({ name });
  for (const each of reads) await (await run.resolve(each)).read("file");
  if (makes !== undefined) {
    await using draft = await run.artifact({ name: makes, type: "dataset" });
    await draft.add(Buffer.from(`${name} made this`), { as: "file" });
    await draft.upload();
  }
  await run.finish();
  return run;
}

function labels({ nodes }: Lineage): string[] {
  return nodes.map((node) => `${node.distance} ${node.run?.name ?? node.version?.name}${node.more ? " …" : ""}`);
}

function links({ nodes, links: all }: Lineage): string[] {
  const label = (id: Digest): string => {
    const node = nodes.find((each) => each.id === id);
    return node?.run?.name ?? node?.version?.name ?? "nothing";
  };
  return all.map(({ link, run, version }) => `${label(run)} ${link} ${label(version)}`).sort();
}

/** raw → clean → train and evaluate; what evaluate made nobody used; another run used raw. */
async function pipeline(): Promise<{ [name: string]: Version }> {
  const raw = await uploadFiles(store, { file: "raw" }, "raw");
  await step("clean", ["raw"], "data");
  await step("train", ["data"], "model");
  await step("evaluate", ["data", "model"], "report");
  await step("look", ["raw"]);
  const version = (name: string): Promise<Version> => store.resolve(name);
  return { raw, data: await version("data"), model: await version("model"), report: await version("report") };
}

describe("lineage", () => {
  test("of a version goes back to all that it came from, and forward to all that came of it", async () => {
    const { raw, model, report } = await pipeline();
    const back = await store.lineage({ version: report?.id as Digest });
    expect(labels(back)).toEqual(["0 report", "1 evaluate", "2 data", "2 model", "3 clean", "3 train", "4 raw"]);
    expect(links(back)).toEqual([
      "clean made data",
      "clean used raw",
      "evaluate made report",
      "evaluate used data",
      "evaluate used model",
      "train made model",
      "train used data",
    ]);
    const forward = await store.lineage({ version: raw?.id as Digest });
    expect(labels(forward).sort()).toEqual(
      ["0 raw", "1 clean", "1 look", "2 data", "3 evaluate", "3 train", "4 model", "4 report"].sort(),
    );
    // Both ways from the middle, and not to what only shares an ancestor.
    const middle = await store.lineage({ version: model?.id as Digest });
    expect(labels(middle).sort()).toEqual(
      ["0 model", "1 evaluate", "1 train", "2 data", "2 report", "3 clean", "4 raw"].sort(),
    );
  });

  test("of a run begins with what it used and made, and can go one way", async () => {
    await pipeline();
    const { id } = await store.getRun("train");
    expect(labels(await store.lineage({ run: id }, { direction: "back" }))).toEqual([
      "0 train",
      "1 data",
      "2 clean",
      "3 raw",
    ]);
    expect(labels(await store.lineage({ run: id }, { direction: "forward" }))).toEqual([
      "0 train",
      "1 model",
      "2 evaluate",
      "3 report",
    ]);
    expect(labels(await store.lineage({ run: id }, { steps: 1 }))).toEqual(["0 train", "1 data …", "1 model …"]);
  });

  test("is cut where it is too far or too many, says where, and has both ends of each link", async () => {
    const { raw } = await pipeline();
    for (let count = 0; count < 20; count++) await step(`user-${count}`, ["raw"]);
    const start = { version: raw?.id as Digest };
    const few = await store.lineage(start, { neighbours: 3, steps: 1 });
    expect(labels(few)).toEqual(["0 raw …", "1 user-19", "1 user-18", "1 user-17"]);
    const small = await store.lineage(start, { nodes: 5 });
    expect(small.nodes).toHaveLength(5);
    expect(small.nodes[0]?.more).toBe(true);
    for (const lineage of [few, small, await store.lineage(start)]) {
      const ids = new Set(lineage.nodes.map((node) => node.id));
      expect(lineage.links.every(({ run, version }) => ids.has(run) && ids.has(version))).toBe(true);
    }
    expect((await store.lineage(start)).nodes.every((node) => !node.more)).toBe(true);
  });

  test("that goes in a circle ends", async () => {
    const run = await store.startRun({ name: "circle" });
    await using draft = await run.artifact({ name: "state", type: "model" });
    await draft.add(Buffer.from("1"), { as: "file" });
    await draft.upload();
    const state = await run.resolve("state");
    await state.read("file");
    const lineage = await store.lineage({ version: state.id });
    expect(labels(lineage)).toEqual(["0 state", "1 circle"]);
    expect(links(lineage)).toEqual(["circle made state", "circle used state"]);
  });

  test("names what the store does not have by its id", async () => {
    const run = await store.startRun();
    const [known, unknown] = [run.id, "ab".repeat(32) as Digest];
    await store.engine.commit(() => ({
      changes: [
        { change: "used", run: known, version: unknown },
        { change: "made", run: "cd".repeat(32) as Digest, version: unknown },
      ],
    }));
    const { nodes, links: all } = await store.lineage({ version: unknown });
    expect(nodes.map(({ id, run: view, version }) => [id, view?.id, version?.id])).toEqual([
      [unknown, undefined, undefined],
      ["cd".repeat(32), undefined, undefined],
      [known, known, undefined],
    ]);
    expect(all).toHaveLength(2);
    expect(await store.verify()).toMatchObject({ ok: true });
    expect((await store.lineage({ run: "00".repeat(32) as Digest })).nodes).toHaveLength(1);
  });

  test("has removed versions too", async () => {
    const { model } = await pipeline();
    await model?.remove();
    const { nodes } = await store.lineage(
      { run: (await store.getRun("train")).id },
      { direction: "forward", steps: 1 },
    );
    expect(nodes.at(-1)?.version?.id).toBe(model?.id);
  });
});
