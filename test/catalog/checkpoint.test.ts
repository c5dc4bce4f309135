/** What checkpoints say, what they cost, and which entries are refused. */
import { describe, expect, test } from "vitest";
import { applyCheckpoint, applyEntry, Catalog, checkpoints } from "../../src/catalog/index.ts";
import { type Digest, hashContent } from "../../src/digest/index.ts";
import { type Change, encodePayload, JOURNAL_START, type VersionMade } from "../../src/journal/index.ts";
import { EMPTY_MANIFEST, encodeVersionRecord, versionId } from "../../src/manifest/index.ts";

function idOf(text: string): Digest {
  return hashContent(new TextEncoder().encode(text));
}

function versionOf(artifact: Digest, number: number): VersionMade {
  const nonce = new Uint8Array(16);
  new DataView(nonce.buffer).setUint32(0, number);
  const record = encodeVersionRecord({
    artifact,
    manifest: EMPTY_MANIFEST,
    parents: [],
    createdAt: 1,
    createdBy: "maker",
    message: "",
    metadata: {},
    nonce,
  });
  const sums = { entries: 0, files: 0, bytes: 0, newBytes: 0 };
  return { change: "version", artifact, version: versionId(record), number, record, ...sums };
}

function artifactOf(name: string): Change & { change: "artifact" } {
  return { change: "artifact", artifact: idOf(name), team: "t", experiment: "e", type: "dataset", name };
}

function catalogOf(changes: readonly Change[]): Catalog {
  const { catalog } = Catalog.open(":memory:");
  applyEntry(catalog, { at: 1, by: "maker", packs: [], changes }, [], { ...JOURNAL_START, sequence: 1 });
  return catalog;
}

/** Two artifacts with versions, and then what became of them. */
function history(): { made: Change[]; later: Change[] } {
  const made: Change[] = [];
  const later: Change[] = [];
  for (const name of ["many", "few"]) {
    const artifact = artifactOf(name);
    made.push(artifact);
    const versions = Array.from({ length: name === "many" ? 60 : 2 }, (_, index) =>
      versionOf(artifact.artifact, index + 1),
    );
    made.push(...versions);
    for (const { number, version } of versions) {
      if (number % 2 === 0) later.push({ change: "remove", version });
      else if (number < 20) {
        later.push({ change: "tag", artifact: artifact.artifact, tag: `tag${number}`, version, before: null });
      }
    }
  }
  return { made, later };
}

function stateOf(catalog: Catalog): unknown {
  return catalog.artifacts().map((artifact) => ({
    highest: artifact.highest,
    tags: catalog.tags(artifact.row),
    removed: catalog.versions(artifact.row, { removed: true }).map(({ number, removed }) => [number, removed]),
  }));
}

describe("checkpoints", () => {
  const { made, later } = history();

  test("bring back tags and removals that entries before them can no longer tell", () => {
    const full = catalogOf([...made, ...later]);
    const damaged = catalogOf(made);
    for (const { artifacts } of checkpoints(full)) applyCheckpoint(damaged, artifacts, JOURNAL_START);
    expect(stateOf(damaged)).toEqual(stateOf(full));
  });

  test("bring back the highest number where the versions themselves are lost", () => {
    const full = catalogOf([...made, ...later]);
    const damaged = catalogOf([]);
    for (const { artifacts } of checkpoints(full)) applyCheckpoint(damaged, artifacts, JOURNAL_START);
    expect(damaged.artifacts().map((artifact) => artifact.highest)).toEqual([2, 60]);
  });

  test("hold a bounded number of things each, and change nothing where nothing is lost, after however many of them", () => {
    const full = catalogOf([...made, ...later]);
    const all = [...checkpoints(full, 24)];
    expect(all.length).toBeGreaterThan(2);
    for (const { artifacts } of all) {
      const things = artifacts.reduce((sum, { tags, removed }) => sum + (tags?.length ?? 0) + removed.length, 0);
      expect(things).toBeLessThanOrEqual(24);
    }
    const before = stateOf(full);
    for (const { artifacts } of all) {
      applyCheckpoint(full, artifacts, JOURNAL_START);
      expect(stateOf(full)).toEqual(before);
    }
  });

  test("say nothing of the tags of an artifact that has too many for one record, rather than a part of them", () => {
    const full = catalogOf([...made, ...later]);
    const all = [...checkpoints(full, 8)].flatMap(({ artifacts }) => artifacts);
    expect(all.filter(({ name }) => name === "many").every(({ tags }) => tags === null)).toBe(true);
    expect(all.find(({ name }) => name === "few")?.tags).toHaveLength(1);
  });

  test("fit into a record at the largest", () => {
    const tag = "\u{1d400}".repeat(128);
    const item = [tag, idOf("x")] as const;
    const state = {
      ...artifactOf("a"),
      highest: 1,
      tags: Array(16_384).fill(item),
      removed: Array(16_384).fill(item[1]),
    };
    expect(encodePayload({ artifacts: [state] }).length).toBeLessThan(32 * 1024 * 1024);
  });
});

describe("an entry of the journal", () => {
  const artifact = artifactOf("a");

  test("with a change that only a newer artifold knows refuses the store", () => {
    const newer = { change: "dance", artifact: artifact.artifact } as unknown as Change;
    expect(() => catalogOf([artifact, newer])).toThrow(expect.objectContaining({ code: "FORMAT_UNSUPPORTED" }));
  });

  test("is refused when the version id, or the artifact, is not that of the record", () => {
    const version = versionOf(artifact.artifact, 1);
    const damaged = expect.objectContaining({ code: "DAMAGED" });
    expect(() => catalogOf([artifact, { ...version, version: idOf("other") }])).toThrow(damaged);
    expect(() => catalogOf([artifact, artifactOf("b"), { ...version, artifact: idOf("b") }])).toThrow(damaged);
  });
});
