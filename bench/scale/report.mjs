/** The figures of scale.md: what was measured in the simulation, and what follows for a thousand times as much. */
import path from "node:path";
import { machineOf, writeFigures } from "../report/document.mjs";
import { seconds, table } from "../report/tables.mjs";
import { CHUNK_BYTES, PACK_CHUNKS } from "./numbers.mjs";

const MiB = 2 ** 20;
const GiB = 2 ** 30;
/** Bytes of a row of a run, and of a table with its share of the frames. */
const RUN_ROW_BYTES = 48;
const TABLE_ROW_BYTES = 38 + 12;
const PAGE_ROWS = 128;

const work = [
  ["show", "open the store and show the version", "few: show"],
  ["upload", "upload of one small file into a folder of it", "few: upload"],
  ["list a folder", "list a folder of 1,000 entries"],
  ["list all folders", "list a folder of as many folders as there are thousands of entries"],
  ["edit", "ten files added in ten places, in one upload"],
  ["diff", "difference of the two versions"],
  ["remove", "one file taken out by its path"],
  ["verify --quick", "`verify --quick`: structure and presence of everything"],
  ["show without catalog", "show, after the catalog was deleted"],
  ["show without runs", "show, after the runs of places were deleted"],
  ["merge", "what the next upload does then: all tables merged into runs"],
  ["manifest", "the version itself: its manifest built and published"],
];

/** Writes scale.md, what stands between its marks. */
export function writeScaleReport({ about, figures }, docs) {
  const count = (number) => number.toLocaleString("en-US");
  writeFigures(path.join(docs, "scale.md"), "Scale", [
    [
      machineOf(about),
      `Made by \`${about.commands[0]}\` from ${about.artifold}: ${count(about.chunks)} chunks in ${count(about.packs)} packs, a version of ${count(about.entries)} entries. Whole processes, start-up included; the rows of three runs are medians, all others single runs.`,
    ].join("\n"),
    "### Work in such a store",
    workTable(figures),
    "### Bytes on the disk",
    sizeTable(about, figures),
    "### Where chunks lie: runs or rows",
    placesTable(about, figures),
    "### A petabyte in a bucket, computed",
    petabyteTable(about, figures),
  ]);
}

function workTable(figures) {
  const rows = work.flatMap(([name, title, beside]) => {
    const figure = figures[name];
    if (figure === undefined) return [];
    const failed = figure.runs.find((run) => run.failed !== undefined);
    if (failed !== undefined) return [[title, `failed: ${failed.failed}`, "", "", ""]];
    const most = (pick) => Math.max(...figure.runs.map(pick));
    const few = beside === undefined ? undefined : figures[beside]?.wall;
    return [
      [
        `${title}${figure.runs.length > 1 ? ` (${figure.runs.length} runs)` : ""}`,
        `${seconds(figure.wall)} s`,
        few === undefined ? "" : `${seconds(few)} s`,
        `${Math.round(most((run) => run.peakBytes) / MiB)} MiB`,
        mib(most((run) => run.writtenBytes)),
      ],
    ];
  });
  return table(["work", "wall", "in a store of one file", "peak memory", "written"], rows);
}

function sizeTable({ chunks, entries }, figures) {
  const sizes = figures["size: store"];
  const before = figures["size: store of chunks"];
  const nodes = figures.manifest.runs[0].said?.nodeBytes;
  const rows = [
    ["tables of the packs", before.packs, chunks, "chunk"],
    ["runs of places", sizes.runs, chunks, "chunk"],
    ["nodes of the manifest", nodes, entries, "entry"],
    ["catalog", sizes.catalog, chunks, "chunk"],
    ["journal", sizes.journal, chunks, "chunk"],
  ].filter(([, bytes]) => bytes !== undefined);
  return table(
    ["what", "bytes", "for each"],
    rows.map(([what, bytes, each, unit]) => [what, mib(bytes), `${(bytes / each).toFixed(2)} B a ${unit}`]),
  );
}

function placesTable({ chunks }, figures) {
  const said = (name) => figures[name]?.runs[0].said ?? {};
  const peak = (name) => `${Math.round((figures[name]?.runs[0].peakBytes ?? 0) / MiB)} MiB`;
  const [made, inserted] = [said("chunks"), said("rows")];
  const [runs, rows] = [said("look up in runs"), said("look up rows")];
  const micros = (value) => `${value?.toFixed(1)} µs`;
  const allRows = figures["size: rows"].rows;
  const allRuns = figures["size: store of chunks"].runs;
  return table(
    ["", "sorted runs", "rows of SQLite"],
    [
      ["bytes on the disk", mib(allRuns), mib(allRows)],
      ["bytes a chunk", (allRuns / chunks).toFixed(1), (allRows / chunks).toFixed(1)],
      [
        "time for all places, upload by upload",
        `${seconds(made.mergeSeconds)} s`,
        `${seconds(inserted.insertSeconds)} s`,
      ],
      [
        "an upload of 206,400 chunks",
        `${seconds(made.mergeSeconds / made.uploads)} s on average, the longest ${seconds(made.longestMergeSeconds)} s`,
        `${seconds(inserted.firstUploadsSeconds)} s at first, ${seconds(inserted.lastUploadsSeconds)} s at last`,
      ],
      ["bytes written for them", mib(figures.chunks.runs[0].writtenBytes), mib(figures.rows.runs[0].writtenBytes)],
      ["finding a chunk that is there", micros(runs.presentMicroseconds), micros(rows.presentMicroseconds)],
      ["finding that one is absent", micros(runs.absentMicroseconds), micros(rows.absentMicroseconds)],
      ["peak memory while finding", peak("look up in runs"), peak("look up rows")],
    ],
  );
}

/** Counts follow from the format and from bytes measured above; prices change, and are left out. */
function petabyteTable({ entries }, figures) {
  const bytes = 2 ** 50;
  const chunks = bytes / CHUNK_BYTES;
  const packs = chunks / PACK_CHUNKS;
  const files = chunks;
  const nodeBytes = (figures.manifest.runs[0].said?.nodeBytes ?? Number.NaN) / entries;
  const big = (number) => Number(number.toPrecision(3)).toLocaleString("en-US");
  const gib = (size) => `${big(size / GiB)} GiB`;
  return table(
    ["a petabyte (2^50 bytes)", "how much", "why"],
    [
      ["chunks", big(chunks), `${count(CHUNK_BYTES)} bytes on average`],
      ["packs, so objects in the bucket and requests that put them", big(packs), "64 MiB each"],
      ["requests that list them", big(packs / 1000), "1,000 keys an answer"],
      ["requests that read all of it once", big(packs), "one a pack; several ranges at once make more"],
      [
        "tables in the packs",
        gib(chunks * TABLE_ROW_BYTES),
        `${TABLE_ROW_BYTES} bytes a chunk: ${((TABLE_ROW_BYTES / CHUNK_BYTES) * 100).toFixed(2)} % of the content`,
      ],
      ["runs of places on a machine that has them all", gib(chunks * RUN_ROW_BYTES), `${RUN_ROW_BYTES} bytes a chunk`],
      [
        "of them in memory while a store is open",
        gib((chunks / PAGE_ROWS) * 8),
        `8 bytes for each page of ${PAGE_ROWS} rows; no filter, for it would be larger than it may be`,
      ],
      [
        "nodes, if every chunk were a file",
        gib(files * nodeBytes),
        `${nodeBytes.toFixed(1)} bytes an entry, measured above`,
      ],
    ],
  );
}

function count(number) {
  return number.toLocaleString("en-US");
}

function mib(bytes) {
  const size = bytes / MiB;
  return size >= 1024 ? `${(size / 1024).toFixed(2)} GiB` : `${size.toFixed(size < 10 ? 2 : 0)} MiB`;
}
