/**
 * A store does what a few plain maps would do, whatever is done to it in whatever order: by two handles at once, across
 * closing, and when catalog and caches are deleted in between.
 */
import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Artifact, isArtifoldError } from "../../src/index.ts";
import { compareContents, compareLists, Model, Real, SLOTS, type Slot, treeOf } from "../support/store-beside-model.ts";
import {
  addFolder,
  ModelConflict,
  type ModelDraft,
  type ModelVersion,
  put,
  remove,
  type Tree,
  type Winner,
} from "../support/store-model.ts";
import { writeFiles } from "../support/stores.ts";

const NAMES = ["one", "two"];
const PATHS = ["a", "b.bin", "d", "d/x", "d/e/y", "고/z"];

/** Texts of every way to be stored: none, one chunk, several, more than rides in the journal. */
const texts = { empty: "", one: "1", other: "2", several: noise(200_000, 1), large: noise(5_000_000, 2) };

function noise(length: number, seed: number): string {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes.toString("latin1");
}

/** What one command does to the model and to the real store. */
interface Step {
  readonly name: string;
  readonly isPossible?: (model: Model) => boolean;
  readonly run: (model: Model, real: Real) => Promise<void>;
}

class Command implements fc.AsyncCommand<Model, Real> {
  readonly #step: Step;
  constructor(step: Step) {
    this.#step = step;
  }
  check(model: Readonly<Model>): boolean {
    return this.#step.isPossible?.(model as Model) ?? true;
  }
  async run(model: Model, real: Real): Promise<void> {
    await this.#step.run(model, real);
    for (const slot of SLOTS) await compareLists(model, real, slot);
  }
  toString(): string {
    return this.#step.name;
  }
}

/** The same must come of both: a result, or a conflict that leaves everything as it was. */
async function both(inModel: () => void, inReal: () => Promise<unknown>): Promise<void> {
  let conflicts = false;
  try {
    inModel();
  } catch (error) {
    if (!(error instanceof ModelConflict)) throw error;
    conflicts = true;
  }
  if (!conflicts) await inReal();
  else await expect(inReal()).rejects.toSatisfy((error) => isArtifoldError(error, "CONFLICT"));
}

/** Begins a draft unless the slot has one. */
async function ensureDraft(model: Model, real: Real, slot: Slot, name: string): Promise<[ModelDraft, Artifact]> {
  model.drafts[slot] ??= model.draft(name);
  real.drafts[slot] ??= await real.store(slot).artifact({ name, type: "dataset" });
  return [model.drafts[slot] as ModelDraft, real.drafts[slot] as Artifact];
}

const slots = fc.constantFrom(...SLOTS);
const names = fc.constantFrom(...NAMES);
const paths = fc.constantFrom(...PATHS);
const contents = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom("empty", "one", "other", "several") },
  { weight: 1, arbitrary: fc.constant("large") },
) as fc.Arbitrary<keyof typeof texts>;
const tags = fc.subarray(["prod", "test"]);

/** A folder's files and empty folders, none of them below another file. */
const folders: fc.Arbitrary<Tree> = fc
  .array(fc.tuple(fc.oneof(paths, fc.constantFrom("d/", "hollow/", "고/")), contents), { maxLength: 4 })
  .map((items) => {
    let tree: Tree = new Map();
    for (const [file, content] of items) {
      try {
        tree = addFolder(tree, new Map([[file, file.endsWith("/") ? "" : texts[content]]]));
      } catch {
        // What cannot stand beside what is there is left out.
      }
    }
    return tree;
  });

function inDraft(
  name: string,
  slot: Slot,
  change: (tree: Tree) => Tree,
  act: (draft: Artifact, real: Real) => Promise<unknown>,
): Step {
  return {
    name: `${name} in ${slot}`,
    run: async (model, real) => {
      const [draft, artifact] = await ensureDraft(model, real, slot, "one");
      await both(
        () => {
          draft.tree = change(draft.tree);
        },
        () => act(artifact, real),
      );
      expect([...(await treeOf(artifact)).keys()].sort()).toEqual([...draft.tree.keys()].sort());
    },
  };
}

const drafts = fc.tuple(slots, names).map(
  ([slot, name]): Step => ({
    name: `draft of ${name} in ${slot}`,
    run: async (model, real) => {
      await real.giveUp(slot);
      model.drafts[slot] = undefined;
      await ensureDraft(model, real, slot, name);
    },
  }),
);

const adds = fc.tuple(slots, paths, contents).map(([slot, as, content]) =>
  inDraft(
    `add ${content} as ${as}`,
    slot,
    (tree) => put(tree, as, texts[content]),
    (draft) => draft.add(Buffer.from(texts[content], "latin1"), { as }),
  ),
);
const folderAdds = fc.tuple(slots, folders, fc.boolean()).map(([slot, folder, mirror]) =>
  inDraft(
    `${mirror ? "mirror" : "add"} folder with ${[...folder.keys()]}`,
    slot,
    (tree) => (mirror ? folder : addFolder(tree, folder)),
    (draft, real) => {
      const files = [...folder].map(([file, content]) => [file, Buffer.from(content, "latin1")] as const);
      const source = writeFiles(real.newFolder(), Object.fromEntries(files));
      return mirror ? draft.mirror(source) : draft.add(source);
    },
  ),
);
const removals = fc.tuple(slots, paths).map(([slot, file]) =>
  inDraft(
    `remove ${file}`,
    slot,
    (tree) => remove(tree, file),
    (draft) => draft.remove(file),
  ),
);
const uploads = fc
  .tuple(slots, fc.constantFrom("", "said"), tags, fc.constantFrom<Winner>("fail", "ours", "theirs"))
  .map(upload);

function upload([slot, message, given, winner]: [Slot, string, string[], Winner]): Step {
  return {
    name: `upload from ${slot} with ${JSON.stringify({ message, given, winner })}`,
    run: async (model, real) => {
      const [draft, artifact] = await ensureDraft(model, real, slot, "one");
      let expected: [ModelVersion, boolean] | undefined;
      await both(
        () => {
          expected = model.upload(draft, message, given, winner);
        },
        async () => {
          const result = await artifact.upload({ message, tags: given, onConflict: winner });
          expect([result.number, result.changed]).toEqual([expected?.[0].number, expected?.[1]]);
        },
      );
    },
  };
}

const ofVersion = fc
  .tuple(slots, names, fc.nat(9), fc.constantFrom("tag", "untag", "annotate", "remove", "restore", "edit"), tags)
  .map(
    ([slot, name, pick, verb, [tag = "prod"]]): Step => ({
      name: `${verb} of ${name}, version ${pick} by ${slot}`,
      isPossible: (model) => model.artifacts.has(name),
      run: async (model, real) => {
        const artifact = model.artifacts.get(name);
        if (artifact === undefined) return;
        const target = artifact.versions[pick % artifact.versions.length] as ModelVersion;
        const version = await real.version(slot, name, target.number);
        if (verb === "tag") {
          artifact.tags.set(tag, target.number);
          await version.tag(tag);
        } else if (verb === "untag") {
          if (artifact.tags.get(tag) === target.number) {
            artifact.tags.delete(tag);
            await version.untag(tag);
          } else await expect(version.untag(tag)).rejects.toMatchObject({ code: "NOT_FOUND" });
        } else if (verb === "annotate") {
          target.message = `note ${pick}`;
          target.metadata = { pick };
          await version.annotate({ message: target.message, metadata: target.metadata });
        } else if (verb === "edit") {
          await real.giveUp(slot);
          model.drafts[slot] = { name, tree: target.tree, base: target, asIs: true };
          real.drafts[slot] = version.edit();
        } else {
          target.removed = verb === "remove";
          await version[verb as "remove" | "restore"]();
        }
      },
    }),
  );

const removeArtifact = names.map(
  (name): Step => ({
    name: `remove all versions of ${name}`,
    run: async (model, real) => {
      for (const version of model.artifacts.get(name)?.versions ?? []) {
        await (await real.version(0, name, version.number)).remove();
        version.removed = true;
      }
    },
  }),
);

const reopen = fc.constantFrom(undefined, /^catalog/, /^(catalog|cache)/, /^(catalog|cache|lock)/).map(
  (deleted): Step => ({
    name: `reopen without ${deleted}`,
    run: async (model, real) => {
      await real.close();
      model.drafts.fill(undefined);
      for (const name of readdirSync(real.folder))
        if (deleted?.test(name)) rmSync(path.join(real.folder, name), { recursive: true });
      await real.open();
    },
  }),
);

/** How often each comes among the others. */
const weights: [number, fc.Arbitrary<Step>][] = [
  [2, drafts],
  [5, adds],
  [3, folderAdds],
  [2, removals],
  [6, uploads],
  [6, ofVersion],
  [1, removeArtifact],
  [1, reopen],
];
const steps = fc.oneof(...weights.map(([weight, arbitrary]) => ({ weight, arbitrary })));
const commands = fc.commands([steps.map((step) => new Command(step))], { maxCommands: 60, size: "max" });

test("a store does what plain maps would do", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      const real = new Real();
      const model = new Model();
      try {
        await real.open();
        await fc.asyncModelRun(() => ({ model, real }), sequence);
        await compareContents(model, real);
      } finally {
        await real.close();
        rmSync(real.root, { recursive: true, force: true });
      }
    }),
    { numRuns: 20, interruptAfterTimeLimit: 15_000 },
  );
});
