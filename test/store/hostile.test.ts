/** Versions that no writer of ours made, in a store, under digests that are right: nothing of them does harm. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import type { Version } from "../../src/index.ts";
import { EMPTY_FOLDER, type Planted, plant, temporaryFolder, treeOf } from "../support/folders.ts";
import { HostileContent, type Way } from "../support/hostile-content.ts";
import { hostileVersions } from "../support/hostile-versions.ts";
import { all, openScratch, textsOf, uploadFiles } from "../support/stores.ts";

const ways: readonly Way[] = ["journal", "packs"];
async function outcome(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (value) => value,
    (error: { code?: string }) => error.code ?? error,
  );
}

/** Which way content took makes no difference to most: one of each kind takes both. */
const twoWays =
  /^(a manifest that is a chunk|leaves out of order|a file shorter|a chunk list of another total|chunks that are)/;
const taken = Object.entries(hostileVersions).flatMap(([name, each]) =>
  (twoWays.test(name) ? ways : ways.slice(0, 1)).map((way) => [name, way, each] as const),
);

describe("a version that no writer made", () => {
  test.each(taken)("%s (%s): is refused, and nothing is written outside", async (_, way, each) => {
    const { make, lists, isContent, file } = each;
    const around = temporaryFolder();
    plant(around, { "beside.txt": "beside", "sub/other": "other" });
    const store = await openScratch(path.join(around, "store"));
    const good = await uploadFiles(store, { good: "good", file: "good too" }, "good");
    const content = new HostileContent();
    const version = await content.publish(store, make(content), way);

    const listings = [all(version.entries()), all(version.list()), all(good.diff(version)), all(version.diff(good))];
    for (const listing of listings) {
      const found = await outcome(listing);
      if (lists === true) expect(found).toBeInstanceOf(Array);
      else if (!Array.isArray(found)) expect(found).toBe("DAMAGED");
    }
    if (lists !== true) expect(await outcome(all(version.entries()))).toBe("DAMAGED");
    const read = await outcome(version.read("file"));
    if (file !== undefined && read instanceof Uint8Array) expect(Buffer.from(read).toString()).toBe(file);
    else expect(["DAMAGED", "NOT_FOUND"]).toContain(read);

    await expectRefusedDownload(version, around, "new", {});
    await expectRefusedDownload(version, around, "full", { good: "good", mine: "mine", "deep/er/too": "mine" });
    const hit = async (versions?: readonly Version[]): Promise<string[]> => {
      const { ok, problems } = await store.verify({}, versions);
      expect(ok).toBe(problems.length === 0);
      return [...new Set(problems.flatMap((problem) => problem.versions))];
    };
    if (isContent !== true) expect(await hit()).toEqual(["local/uncategorized/hostile:V1"]);
    expect(await hit([version])).toEqual(["local/uncategorized/hostile:V1"]);
    expect(await hit([good])).toEqual([]);
    expect(await textsOf(good)).toEqual({ good: "good", file: "good too" });
  });
});

/** A download that ends with DAMAGED, or a conflict, has written inside of its folder only, and whole files only. */
async function expectRefusedDownload(
  version: Version,
  around: string,
  name: string,
  there: Record<string, Planted>,
): Promise<void> {
  const target = path.join(around, "targets", name);
  plant(around, { [`targets/${name}`]: EMPTY_FOLDER });
  plant(target, there);
  const before = treeOf(path.join(around, "sub"));
  const mine = treeOf(target);
  const refusal = await outcome(version.download(target));
  expect(["DAMAGED", "CONFLICT"]).toContain(refusal);
  expect(treeOf(path.join(around, "sub"))).toEqual(before);
  expect(readdirSync(around).sort()).toEqual(["beside.txt", "store", "sub", "targets"]);
  expect(readdirSync(path.join(around, "targets"))).toContain(name);
  const after = treeOf(target);
  expect(after).toMatchObject(mine);
  for (const [file, text] of Object.entries(after)) {
    if (file in mine) continue;
    expect(file).not.toMatch(/\.tmp$/);
    expect(text, file).toMatch(/^file "[1-6]"$/);
  }
}
