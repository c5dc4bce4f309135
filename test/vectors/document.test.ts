/** docs/format.md says what the code does, as far as a test can tell. */
import fs from "node:fs";
import { describe, expect, test } from "vitest";
import { CHUNK_MAX_BYTES } from "../../src/chunking/index.ts";
import {
  ETAG_BYTES_MAX,
  EXTRA_BYTES_MAX,
  EXTRAS_MAX,
  LINK_TARGET_BYTES_MAX,
  URI_BYTES_MAX,
} from "../../src/manifest/entry.ts";
import { METADATA_BYTES_MAX, METADATA_DEPTH_MAX } from "../../src/manifest/json-object.ts";
import { NODE_BYTES_MAX } from "../../src/manifest/node.ts";
import { PATH_BYTES_MAX, PATH_DEPTH_MAX, PATH_PART_BYTES_MAX } from "../../src/manifest/path.ts";
import { CREATED_AT_MAX, CREATED_BY_BYTES_MAX, MESSAGE_BYTES_MAX, PARENTS_MAX } from "../../src/manifest/record.ts";
import { COMMAND_BYTES_MAX, COMMAND_WORDS_MAX, RUN_NAME_BYTES_MAX } from "../../src/manifest/run-record.ts";
import { FRAME_BYTES_MAX, FRAME_OBJECTS_MAX } from "../../src/objects/frame.ts";
import { CONTEXTS } from "./make/digests.ts";
import { readVectors } from "./read.ts";

const root = new URL("../../", import.meta.url);
const document = fs.readFileSync(new URL("docs/format.md", root), "utf8");

function sources(folder: URL): string[] {
  return fs.readdirSync(folder, { withFileTypes: true, recursive: true }).flatMap((item) => {
    return item.name.endsWith(".ts") ? [fs.readFileSync(`${item.parentPath}/${item.name}`, "utf8")] : [];
  });
}

/** The row of the table of limits that begins so. */
function limit(what: string): string {
  return document.split("\n").find((line) => line.startsWith(`| ${what}`)) ?? "";
}

const n = (value: number): string => value.toLocaleString("en-US");

describe("docs/format.md", () => {
  test("names every context that the code hashes with, and the vectors hold each", () => {
    const found = new Set(
      sources(new URL("src/", root)).flatMap((text) => text.match(/artifold format \d+ [a-z ]+(?=")/g) ?? []),
    );
    expect([...found].sort()).toEqual([...CONTEXTS].sort());
    for (const context of found) expect(document).toContain(`\`${context}\``);
  });

  test("states the digests that the vectors hold", () => {
    const { digest } = readVectors<{ digest: string }>("gear");
    const manifests = readVectors<{ emptyManifest: string; valid: { name: string; root: string }[] }>("manifests");
    const roots = manifests.valid
      .filter(({ name }) => name === "one row" || name === "three levels")
      .map((each) => each.root);
    expect(roots).toHaveLength(2);
    for (const each of [digest, manifests.emptyManifest, ...roots]) expect(document).toContain(each);
  });

  test("states the limits of the code", () => {
    expect(limit("path;")).toContain(`${n(PATH_BYTES_MAX)} bytes; ${PATH_PART_BYTES_MAX} bytes; ${PATH_DEPTH_MAX} `);
    expect(limit("target of a link")).toContain(`${n(LINK_TARGET_BYTES_MAX)} bytes`);
    expect(limit("URI;")).toContain(`${n(URI_BYTES_MAX)} bytes; ${n(ETAG_BYTES_MAX)} bytes`);
    expect(limit("extras;")).toContain(`${EXTRAS_MAX}; ${n(EXTRA_BYTES_MAX)} bytes`);
    expect(limit("chunk ")).toContain(`${n(CHUNK_MAX_BYTES)} bytes`);
    expect(limit("manifest node ")).toContain(`${n(NODE_BYTES_MAX)} bytes`);
    const [parents, maker, message, metadata] = [
      PARENTS_MAX,
      CREATED_BY_BYTES_MAX,
      MESSAGE_BYTES_MAX,
      METADATA_BYTES_MAX,
    ].map(n);
    expect(limit("parents;")).toContain(
      `${parents}; ${maker} bytes; ${message} bytes; ${metadata} bytes, ${METADATA_DEPTH_MAX} deep`,
    );
    expect(limit("time of a version")).toContain(`${n(CREATED_AT_MAX)} ms`);
    expect(limit("names of a run")).toContain(
      `${RUN_NAME_BYTES_MAX} bytes each; ${n(COMMAND_WORDS_MAX)} words, ${n(COMMAND_BYTES_MAX)} bytes`,
    );
    expect(limit("objects of a frame")).toContain(
      `${n(FRAME_OBJECTS_MAX)}; 262,144 bytes; ${n(FRAME_BYTES_MAX)} bytes`,
    );
  });
});
