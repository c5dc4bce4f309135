/** A dry run of any upload says what the upload will say, and leaves journal and packs as they are. */
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { noise, plant, temporaryFolder, treeOf } from "../support/folders.ts";
import { DATA, testStore } from "../support/mirrors.ts";

test("a dry run tells the true newBytes and changes nothing", async () => {
  const folder = temporaryFolder();
  const place = path.join(folder, "store");
  const store = await testStore({}, place);
  const stored = () => [treeOf(path.join(place, "journal")), treeOf(path.join(place, "packs"))];
  let round = 0;
  const size = fc.oneof(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 60_000, max: 400_000 }));
  const file = fc.tuple(size, fc.integer({ min: 1, max: 3 }));
  const files = fc.dictionary(fc.constantFrom("a", "b", "c/d", "c/e", "f.csv"), file, {
    minKeys: 1,
    noNullPrototype: true,
  });
  await fc.assert(
    fc.asyncProperty(files, fc.boolean(), async (planted, mirrored) => {
      const data = path.join(folder, `data-${round++}`);
      const contents = Object.entries(planted).map(([name, [length, seed]]) => [name, noise(length, seed)]);
      plant(data, Object.fromEntries(contents));
      const upload = async (dryRun: boolean) => {
        await using artifact = await store.artifact(DATA, { dryRun });
        await (mirrored ? artifact.mirror(data) : artifact.add(data));
        return artifact.upload();
      };
      const before = stored();
      const { id: _id, writtenBytes: _written, ...promised } = await upload(true);
      expect(stored()).toEqual(before);
      expect(await upload(false)).toMatchObject(promised);
    }),
    { numRuns: 40 },
  );
});
