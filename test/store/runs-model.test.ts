/** Runs do what plain sets would do, whatever is done in whatever order, by two handles, and when the catalog is lost. */
import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openStore, type Run, type Store } from "../../src/index.ts";
import { all, newFolder, readFiles } from "../support/stores.ts";

interface ModelRun {
  readonly id: string;
  readonly name: string;
  config: Record<string, number>;
  state: string;
  readonly used: Set<string>;
  readonly made: Set<string>;
}

/** What is done: which run of those there are, which artifact, and what. */
const steps = fc.array(
  fc.record({
    slot: fc.nat(1),
    pick: fc.nat(5),
    artifact: fc.constantFrom("one", "two"),
    text: fc.constantFrom("a", "b", "c"),
    verb: fc.constantFrom("start", "upload", "upload", "read", "download", "configure", "finish", "outside", "reopen"),
  }),
  { minLength: 20, maxLength: 60, size: "max" },
);
type Step = typeof steps extends fc.Arbitrary<(infer S)[]> ? S : never;

class World {
  readonly root: string = newFolder();
  readonly folder: string = path.join(this.root, "store");
  stores: Store[] = [];
  readonly runs: ModelRun[] = [];
  /** Text of the newest version of each artifact, and the refs of all. */
  readonly newest = new Map<string, { ref: string; text: string }>();
  #numbers = new Map<string, number>();
  #folders = 0;

  async open(): Promise<void> {
    for (let count = 0; count < 2; count++) this.stores.push(await openStore(this.folder, { workers: 0 }));
  }

  async close(): Promise<void> {
    for (const store of this.stores.splice(0)) await store.close();
  }

  async take(step: Step): Promise<void> {
    const store = this.stores[step.slot] as Store;
    const model = this.runs[step.pick % Math.max(1, this.runs.length)];
    if (step.verb === "start") return this.#start(store);
    if (step.verb === "outside") return this.#upload(store, undefined, step);
    if (step.verb === "reopen") return this.#reopen(step.text);
    if (model === undefined) return;
    const run = await store.getRun(`@${model.id}`);
    if (step.verb === "configure") {
      model.config = { ...model.config, [step.text]: step.pick };
      await run.configure({ [step.text]: step.pick });
    } else if (step.verb === "finish") {
      if (model.state === "running") model.state = step.pick % 2 === 0 ? "finished" : "failed";
      await run.finish(run.hasEnded ? {} : { exitCode: step.pick % 2 });
    } else if (model.state !== "running") {
      await expect(run.artifact({ name: step.artifact, type: "t" })).rejects.toMatchObject({ code: "CLOSED" });
    } else if (step.verb === "upload") await this.#upload(run, model, step);
    else await this.#use(run, model, step);
  }

  async #start(store: Store): Promise<void> {
    const run = await store.startRun({ detached: true });
    this.runs.push({ id: run.id, name: run.name, config: {}, state: "running", used: new Set(), made: new Set() });
  }

  async #upload(place: Store | Run, model: ModelRun | undefined, { artifact, text }: Step): Promise<void> {
    await using draft = await place.artifact({ name: artifact, type: "t" });
    await draft.add(Buffer.from(text), { as: "file" });
    const result = await draft.upload();
    const isNew = this.newest.get(artifact)?.text !== text;
    if (isNew) this.#numbers.set(artifact, (this.#numbers.get(artifact) ?? 0) + 1);
    const ref = `${artifact}:V${this.#numbers.get(artifact)}`;
    expect([`${artifact}:${result.version}`, result.changed, result.run]).toEqual([ref, isNew, model?.id ?? null]);
    this.newest.set(artifact, { ref, text });
    model?.made.add(ref);
  }

  async #use(run: Run, model: ModelRun, { artifact, verb }: Step): Promise<void> {
    const newest = this.newest.get(artifact);
    if (newest === undefined) return;
    const version = await run.resolve(artifact);
    if (verb === "read") expect(Buffer.from(await version.read("file")).toString()).toBe(newest.text);
    else {
      const target = path.join(this.root, `out-${this.#folders++}`);
      await version.download(target);
      expect(readFiles(target)).toEqual({ file: newest.text });
    }
    model.used.add(newest.ref);
  }

  async #reopen(lost: string): Promise<void> {
    await this.close();
    const pattern = { a: /^nothing/, b: /^catalog/, c: /^(catalog|cache|lock)/ }[lost] as RegExp;
    for (const name of readdirSync(this.folder)) if (pattern.test(name)) rmSync(path.join(this.folder, name));
    await this.open();
  }

  /** The same from both handles: of each run what it used and made, and of each version the other way round. */
  async compare(): Promise<void> {
    for (const store of this.stores) {
      const listed = await all(store.runs());
      expect(new Map(listed.map((run) => [run.id as string, [run.name, run.state, run.config]]))).toEqual(
        new Map(this.runs.map((run) => [run.id, [run.name, run.state, run.config]])),
      );
      for (const model of this.runs) {
        const run = await store.getRun(`@${model.id}`);
        const refs = async (versions: ReturnType<Run["uses"]>): Promise<string[]> =>
          (await all(versions)).map(({ name, version }) => `${name}:${version}`);
        expect([await refs(run.uses()), await refs(run.made())]).toEqual([[...model.used], [...model.made]]);
      }
      for (const { ref } of this.newest.values()) {
        const version = await store.resolve(ref);
        const [used, made] = [await all(version.usedBy()), await all(version.madeBy())];
        const names = (of: "used" | "made"): string[] =>
          this.runs.filter((run) => run[of].has(ref)).map(({ id }) => id);
        expect(used.map(({ id }) => id as string).sort()).toEqual(names("used").sort());
        expect(made.map(({ id }) => id as string).sort()).toEqual(names("made").sort());
      }
    }
  }
}

test("runs and lineage are what plain sets would be", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const world = new World();
      try {
        await world.open();
        for (const step of sequence) await world.take(step);
        await world.compare();
        await world.take({ ...(sequence[0] as Step), verb: "reopen", text: "c" });
        await world.compare();
        expect(await (world.stores[0] as Store).verify()).toMatchObject({ ok: true, problems: [] });
      } finally {
        await world.close();
        rmSync(world.root, { recursive: true, force: true });
      }
    }),
    { numRuns: 20, interruptAfterTimeLimit: 20_000 },
  );
});

test("a catalog whose lineage is not the journal's is found by verify", async () => {
  const world = new World();
  try {
    await world.open();
    const [store] = world.stores as [Store];
    const run = await store.startRun({ detached: true });
    await using draft = await run.artifact({ name: "one", type: "t" });
    await draft.upload();
    await run.finish();
    const { database } = store.engine.catalog;
    for (const [table, sql] of [
      ["lineage", "UPDATE lineage SET link = 'used'"],
      ["run", "UPDATE run SET state = 'failed'"],
    ]) {
      database.exec(sql as string);
      const { problems } = await store.verify();
      expect(problems.map(({ reason }) => reason)).toContain(`its table ${table} is not what the journal says`);
    }
  } finally {
    await world.close();
    rmSync(world.root, { recursive: true, force: true });
  }
});
