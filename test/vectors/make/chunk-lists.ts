/** Lists of chunks: their nodes, and what is refused. */
import { type Digest, hashContent, hashWithContext } from "../../../src/digest/index.ts";
import { CHUNK_LIST_CONTEXT, ChunkListBuilder, type ChunkRow, decodeListNode } from "../../../src/manifest/index.ts";
import { encoded, hex, type Invalid, join, text } from "./shape.ts";

const { array, uint } = encoded;

/** The n-th chunk of a described list: the digest of its number in decimal digits, and a length that tells it apart. */
export function numberedChunk(number: number): ChunkRow {
  return { digest: hashContent(text(String(number))), length: 16_384 + number };
}

/** Numbers of chunks whose digest begins no node. */
function quiet(count: number): number[] {
  const numbers: number[] = [];
  for (let number = 0; numbers.length < count; number++) {
    if ((Number.parseInt(numberedChunk(number).digest.slice(0, 2), 16) & 0x7f) !== 0) numbers.push(number);
  }
  return numbers;
}

function built(numbers: readonly number[]): { root: Digest | null; size: number; nodes: Map<Digest, Uint8Array> } {
  const nodes = new Map<Digest, Uint8Array>();
  const builder = new ChunkListBuilder({ writeNode: (digest, bytes) => void nodes.set(digest, bytes) });
  let size = 0;
  for (const number of numbers) {
    builder.add(numberedChunk(number));
    size += numberedChunk(number).length;
  }
  return { root: builder.finish() ?? null, size, nodes };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number);
}

export function listDigest(bytes: Uint8Array): Digest {
  return hashWithContext(CHUNK_LIST_CONTEXT, bytes);
}

export function chunkLists(): unknown {
  const lists = [
    { name: "no chunk: no list", count: 0 },
    { name: "one chunk: no list", count: 1 },
    { name: "two chunks", count: 2 },
    { name: "several nodes", count: 1000 },
  ].map(({ name, count }) => {
    const { root, size, nodes } = built(range(count));
    return { name, numbers: { from: 0, to: count }, root, size, ...shapeOf(nodes, count <= 2) };
  });
  const forced = built(quiet(1100));
  return {
    about: "Lists of chunks. Chunk n has the digest of n in decimal digits and a length of 16,384 + n.",
    valid: [
      ...lists,
      {
        name: "1,024 rows end a node",
        numbers: quiet(1100),
        root: forced.root,
        size: forced.size,
        ...shapeOf(forced.nodes, false),
      },
    ],
    validNodes: validNodes(),
    invalidNodes: invalidNodes(),
    invalidTrees: invalidTrees(),
  };
}

function shapeOf(nodes: Map<Digest, Uint8Array>, withBytes: boolean): object {
  const levels: { digest: Digest; rows: number }[][] = [];
  for (const [digest, bytes] of nodes) {
    const node = decodeListNode(bytes);
    levels[node.level] ??= [];
    levels[node.level]?.push({ digest, rows: node.rows.length });
  }
  return {
    levels,
    ...(withBytes && { nodes: Object.fromEntries([...nodes].map(([digest, bytes]) => [digest, hex(bytes)])) }),
  };
}

function node(level: number, rows: readonly Uint8Array[], extras: Uint8Array = array(0)): Uint8Array {
  return join(array(4), uint(2), uint(level), array(rows.length), ...rows, extras);
}

const chunk = (digest: string, length: number): Uint8Array => join(array(2), "c420", digest, uint(length));
const child = (digest: string, chunks: number, bytes: number): Uint8Array =>
  join(array(3), "c420", digest, uint(chunks), uint(bytes));
const some = "11".repeat(32);
const other = "22".repeat(32);
const begins = "80".repeat(32);

function validNodes(): unknown[] {
  const sizes = [2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];
  return [
    {
      hex: hex(node(0, [chunk(some, 1), chunk(other, 262_144)])),
      level: 0,
      rows: [
        [some, 1, 1],
        [other, 1, 262_144],
      ],
    },
    {
      hex: hex(node(0, [chunk(begins, 1), chunk(begins, 1)])),
      level: 0,
      rows: [
        [begins, 1, 1],
        [begins, 1, 1],
      ],
    },
    ...sizes.map((size) => ({
      hex: hex(node(1, [child(some, 2 ** 35, size)])),
      level: 1,
      rows: [[some, 2 ** 35, size]],
    })),
    { hex: hex(node(0, [chunk(some, 1)], join(array(2), uint(1), "c40100"))), level: 0, rows: [[some, 1, 1]] },
  ];
}

function invalidNodes(): Invalid[] {
  const refused = (name: string, bytes: Uint8Array, why: string, code: Invalid["code"] = "DAMAGED"): Invalid => ({
    name,
    hex: hex(bytes),
    why,
    code,
  });
  return [
    refused("kind", join(array(4), uint(1), uint(0), array(1), chunk(some, 1), array(0)), "another kind of node"),
    refused("level", node(33, [child(some, 1, 1)]), "a level above 32"),
    refused("no rows", node(0, []), "no rows"),
    refused(
      "too many rows",
      node(
        0,
        Array.from({ length: 1025 }, () => chunk(some, 1)),
      ),
      "1,025 rows",
    ),
    refused("empty chunk", node(0, [chunk(some, 0)]), "a chunk of no bytes"),
    refused("long chunk", node(0, [chunk(some, 262_145)]), "a chunk longer than the maximum"),
    refused("no chunks", node(1, [child(some, 0, 1)]), "a child without chunks"),
    refused("too many bytes", node(1, [child(some, 1, 262_145)]), "more bytes than its chunks can hold"),
    refused("row of another level", node(0, [child(some, 1, 1)]), "a row of three fields at level 0"),
    refused("not cut", node(0, [chunk(some, 1), chunk(other, 1), chunk(begins, 1)]), "its third digest begins a node"),
    refused(
      "extras",
      node(0, [chunk(some, 1)], join(array(2), uint(2), "c400")),
      "an even tag that is not known",
      "FORMAT_UNSUPPORTED",
    ),
    refused("longer", join(node(0, [chunk(some, 1)]), "00"), "a byte after its end"),
  ];
}

function invalidTrees(): unknown[] {
  const leaf = node(0, [chunk(some, 10), chunk(other, 20)]);
  const single = node(0, [chunk(some, 10)]);
  const tree = (name: string, size: number, root: Uint8Array, below: readonly Uint8Array[], why: string): unknown => ({
    name,
    root: listDigest(root),
    size,
    nodes: Object.fromEntries([root, ...below].map((bytes) => [listDigest(bytes), hex(bytes)])),
    why,
    code: "DAMAGED",
  });
  const row = (chunks: number, bytes: number): Uint8Array => child(listDigest(leaf), chunks, bytes);
  return [
    tree("one chunk", 10, single, [], "a root with one row"),
    tree("one child", 30, node(1, [row(2, 30)]), [leaf], "a root with one row"),
    tree("size", 31, leaf, [], "a list of another length than the file's"),
    tree("child's bytes", 61, node(1, [row(2, 30), row(2, 31)]), [leaf], "a child with other sums"),
    tree("child's chunks", 60, node(1, [row(2, 30), row(3, 30)]), [leaf], "a child with other sums"),
    tree("child's level", 60, node(2, [row(2, 30), row(2, 30)]), [leaf], "a child of the wrong level"),
  ];
}
