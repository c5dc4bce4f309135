/** Stores that know a remote: one that pushed to it, and one that pulled from it without all content. */
import { type Digest, hashContent } from "../../../src/digest/index.ts";
import type { Change } from "../../../src/journal/index.ts";
import { encodeEvent } from "../../../src/logs/event.ts";
import {
  artifactLog,
  experimentId,
  experimentLog,
  type LogEvent,
  type LogName,
  NAMES_LOG,
  stepDigest,
} from "../../../src/logs/index.ts";
import { type Entry, encodeVersionRecord, type Metadata, versionId } from "../../../src/manifest/index.ts";
import { encoded, hex, join, text, unhex } from "./shape.ts";
import { fileOf, JournalWriter, manifestOf, markOf, type Objects, plain, runOf, START, sumsOf } from "./store-parts.ts";

const artifact = hashContent(text("an artifact id is random"));
const remote = hashContent(text("the id of a remote is random"));
const name = { team: "local", experiment: "pets", type: "dataset", name: "sample" } as const;
/** Where no remote is: nobody who reads these stores needs one. */
const origin = { change: "remote", name: "origin", url: "/nowhere/hub" } as const;

/** Writes the steps of one log of the remote, as a journal has them. */
class LogSteps {
  readonly #log: LogName;
  #slot = 0;
  #previous = remote;

  constructor(log: LogName) {
    this.#log = log;
  }

  /** @param events bytes for one that nobody writes today */
  next(by: string, events: readonly (LogEvent | Uint8Array)[]): Change {
    const { array, binary, string, uint } = encoded;
    const slot = ++this.#slot;
    const core = join(
      ...[array(7), uint(5), binary(unhex(this.#previous)), uint(START + slot), string(by)],
      binary(new Uint8Array(16).fill(slot)),
      array(events.length),
      ...events.map((event) => (event instanceof Uint8Array ? event : encodeEvent(event))),
      array(0),
    );
    this.#previous = stepDigest(core);
    return { change: "step", remote, log: this.#log, slot, core };
  }
}

interface MadeVersion {
  readonly id: Digest;
  readonly record: Uint8Array;
  readonly message: string;
  readonly metadata: Metadata;
  readonly entries: readonly Entry[];
  readonly contents: Record<string, string>;
  readonly objects: Objects;
  /** As one that was made here. */
  change(number: number): Change;
  /** As a log tells of it. */
  event(number: number): LogEvent;
}

let made = 0;

/** Makes a version of small files, by what they hold. */
function versionOf(
  files: Readonly<Record<string, string>>,
  facts: { by?: string; message: string; metadata?: Metadata; parents?: readonly MadeVersion[]; run?: Digest },
): MadeVersion {
  made++;
  const objects: Objects = new Map();
  const entries = Object.entries(files).map(([path, content]) => fileOf(path, text(content), objects));
  const { by = "mina", message, metadata = {}, parents = [], run } = facts;
  const record = encodeVersionRecord({
    artifact,
    manifest: manifestOf(entries, objects),
    parents: parents.map(({ id }) => id),
    createdAt: START + made,
    createdBy: by,
    run,
    message,
    metadata,
    nonce: new Uint8Array(16).fill(made),
  });
  const id = versionId(record);
  const sums = { ...sumsOf(entries), newBytes: sumsOf(entries).bytes };
  return {
    ...{ id, record, message, metadata, entries, objects },
    contents: Object.fromEntries(Object.entries(files).map(([path, content]) => [path, hex(text(content))])),
    change: (number) => ({ change: "version", artifact, version: id, number, record, ...sums }),
    event: (number) => ({ event: "version", number, record, ...sums }),
  };
}

/** What a reader gives of a version with a number. */
function told(number: number, version: MadeVersion, facts: Record<string, unknown> = {}): Record<string, unknown> {
  const { id, message, metadata, entries, contents } = version;
  const usual = { removed: false, forGood: true, whole: true, message, metadata, missing: [] };
  return { number, id, ...usual, entries: entries.map(plain), contents, ...facts };
}

/** What a reader gives of a version that is found under another's number. */
function toldAlso({ id, message, metadata }: MadeVersion, holder: MadeVersion, number: number): unknown {
  return { id, holder: holder.id, number, message, metadata };
}

function filesOf(...segments: readonly Uint8Array[]): Record<string, string> {
  const names = segments.map((bytes, index) => [`journal/${String(index + 1).padStart(8, "0")}.segment`, hex(bytes)]);
  return { "format.json": hex(markOf()), ...Object.fromEntries(names) };
}

const namesOfAll: readonly LogEvent[] = [
  { event: "artifact", artifact, ...name, home: remote },
  { event: "experiment", team: name.team, experiment: name.experiment },
];

/** An event of a kind that is odd, and not known. */
const laterEvent = join(encoded.array(2), encoded.uint(99), encoded.string("what a later version may say"));

/**
 * Two versions with numbers for good, a third one that was made after the push, a tag that was moved after it, and a run of
 * which the log of its experiment tells. A fourth one was V4 until it was pushed as having the content of the second.
 */
export function pushedStore(): unknown {
  made = 0;
  const journal = new JournalWriter();
  const run = runOf("sable-life-1", 1);
  const first = versionOf({ "cat.txt": "meow\n" }, { message: "cats" });
  const second = versionOf({ "cat.txt": "meow\n", "dog.txt": "woof\n" }, { message: "", parents: [first] });
  const third = versionOf({ "dog.txt": "woof\n" }, { message: "dogs", parents: [second], run: run.run });
  const fourth = versionOf({ "cat.txt": "meow\n", "dog.txt": "woof\n" }, { message: "again", parents: [third] });
  const tag = { change: "tag", artifact, tag: "prod" } as const;
  journal.entry([{ change: "artifact", artifact, ...name }, first.change(1)], { objects: first.objects });
  journal.entry([second.change(2), { ...tag, version: first.id, before: null }], { objects: second.objects });
  journal.entry([{ change: "note", version: second.id, message: "cats and dogs" }]);
  journal.entry([run.began]);
  journal.entry([{ ...origin, id: null, writers: null }]);
  journal.entry([{ ...origin, name: "old", id: null, writers: null }]);
  journal.entry([{ ...origin, id: remote, writers: "many" }]);
  journal.entry([new LogSteps(NAMES_LOG).next("mina", namesOfAll)]);
  const log = new LogSteps(artifactLog(artifact));
  const pushed: (LogEvent | Uint8Array)[] = [
    first.event(1),
    second.event(2),
    { event: "tag", tag: "prod", version: first.id },
    { event: "note", version: second.id, message: "cats and dogs", metadata: null },
    laterEvent,
  ];
  journal.entry([log.next("mina", pushed)]);
  const runs = new LogSteps(experimentLog(experimentId(name.team, name.experiment)));
  journal.entry([runs.next("mina", [{ event: "run", record: run.record, config: '{"number":1}', ending: null }])]);
  journal.entry([third.change(3), { ...tag, version: third.id, before: first.id }], { objects: third.objects });
  journal.entry([{ change: "remote", name: "old", url: null, id: null, writers: null }]);
  journal.entry([fourth.change(4), { ...tag, tag: "again", version: fourth.id, before: null }]);
  journal.entry([{ change: "note", version: fourth.id, message: "both again" }]);
  const again: LogEvent = { event: "also", holder: second.id, record: fourth.record };
  journal.entry([log.next("mina", [{ event: "fence", epoch: 1 }, again])]);
  return {
    files: filesOf(journal.segment),
    remotes: [{ name: "origin", url: origin.url, id: remote, writers: "many" }],
    artifacts: [{ ...name, artifact, highest: 3, tags: { prod: third.id, again: fourth.id } }],
    versions: [told(1, first), told(2, second, { message: "cats and dogs" }), told(3, third, { forGood: false })],
    alsoMade: [toldAlso({ ...fourth, message: "both again" }, second, 2)],
    runs: [{ ...run.told, config: { number: 1 }, ended: null, used: [], made: [third.id] }],
  };
}

/** The versions of the store that pulled: those of others, from 1 on, and those that were made here, from 2 on. */
function pulledVersions(ran: Digest, goesOn: Digest) {
  made = 0x10;
  const both = { "cat.txt": "meow\n", "dog.txt": "woof\n" };
  const theirs1 = versionOf(both, { by: "theo", message: "cats and dogs", metadata: { stars: 1 }, run: ran });
  const theirs2 = versionOf({ "cat.txt": "meow\n" }, { by: "lena", message: "their cats", parents: [theirs1] });
  const theirs3 = versionOf({ "cow.txt": "moo\n" }, { by: "lena", message: "cows", parents: [theirs2] });
  const also3 = versionOf({ "cow.txt": "moo\n" }, { by: "theo", message: "his cows", metadata: { cows: 1 } });
  const ours2 = versionOf({ "cat.txt": "meow\n" }, { message: "our cats", metadata: { cats: 1 }, parents: [theirs1] });
  const ours3 = versionOf({ "hen.txt": "cluck\n" }, { message: "hens", parents: [ours2], run: goesOn });
  const ours4 = versionOf({ "pig.txt": "oink\n" }, { message: "pigs" });
  return { theirs1, theirs2, theirs3, also3, ours2, ours3, ours4 };
}

/**
 * The first version came without all content; of the third nothing came. Of those that were made here the first makes way
 * for one with the same content, and the others are numbered anew. Both sides moved a tag, and wrote a message.
 */
export function pulledStore(): unknown {
  const [ran, goesOn] = [runOf("sable-life-1", 1), runOf("sable-life-2", 2)];
  const versions = pulledVersions(ran.run, goesOn.run);
  const { theirs1, theirs2, theirs3, also3, ours2, ours3, ours4 } = versions;
  const journal = new JournalWriter();
  const steps = {
    names: new LogSteps(NAMES_LOG),
    artifact: new LogSteps(artifactLog(artifact)),
    experiment: new LogSteps(experimentLog(experimentId(name.team, name.experiment))),
  };
  journal.entry([{ ...origin, id: remote, writers: "one" }]);
  const renamed = { event: "artifact", artifact, ...name, name: "other", home: remote } as const;
  journal.entry([steps.names.next("theo", [...namesOfAll, renamed])]);
  const runsBegan: LogEvent[] = [
    { event: "run", record: ran.record, config: '{"number":1}', ending: null },
    { event: "run", record: goesOn.record, config: '{"number":2}', ending: null },
  ];
  journal.entry([steps.experiment.next("theo", runsBegan)]);
  const ending = { state: "finished", at: START + 15, exitCode: 0, signal: null } as const;
  const firstEvents: LogEvent[] = [
    theirs1.event(1),
    { event: "tag", tag: "prod", version: theirs1.id },
    { event: "tag", tag: "best", version: theirs1.id },
    { event: "run", record: ran.record, config: '{"number":1,"lr":0.1}', ending },
  ];
  journal.entry([steps.artifact.next("theo", firstEvents)]);
  // What was looked at since: all nodes, and one of two files.
  const dog = hashContent(text("woof\n"));
  journal.entry([], { objects: new Map([...theirs1.objects].filter(([digest]) => digest !== dog)) });
  writeOwn(journal, versions, goesOn.run);
  const sealed = journal.seal();
  const tags = { best: theirs1.id, mine: ours4.id, prod: ours2.id };
  journal.checkpoint([{ artifact, ...name, highest: 4, tags: Object.entries(tags), removed: [ours4.id] }]);
  writeTheirs(journal, versions, steps, goesOn);
  return {
    files: filesOf(sealed, journal.segment),
    remotes: [{ name: "origin", url: origin.url, id: remote, writers: "one" }],
    artifacts: [{ ...name, artifact, highest: 5, tags: { ...tags, best: theirs3.id } }],
    versions: [
      told(1, theirs1, {
        ...{ removed: true, whole: false, message: "ours", metadata: { stars: 5 }, missing: ["dog.txt"] },
      }),
      told(2, theirs2),
      told(3, theirs3, { whole: false, entries: null, contents: {} }),
      told(4, ours3, { whole: false, forGood: false }),
      told(5, ours4, { removed: true, forGood: false }),
    ],
    alsoMade: [toldAlso(ours2, theirs2, 2), toldAlso(also3, theirs3, 3)],
    runs: [
      { ...ran.told, config: { number: 1, lr: 0.1 }, ended: ending, used: [], made: [theirs1.id] },
      {
        ...{ ...goesOn.told, config: { number: 2, mine: true }, ended: null },
        ...{ used: [theirs1.id, theirs2.id], made: [ours3.id, theirs3.id] },
      },
    ],
  };
}

/** What was made and changed here before the second pull. */
function writeOwn(journal: JournalWriter, versions: ReturnType<typeof pulledVersions>, run: Digest): void {
  const { theirs1, ours2, ours3, ours4 } = versions;
  const moved = { change: "tag", artifact, tag: "prod", version: ours2.id, before: theirs1.id } as const;
  journal.entry([ours2.change(2), moved], { objects: ours2.objects });
  journal.entry([ours3.change(3)], { objects: ours3.objects });
  const tagged = { change: "tag", artifact, tag: "mine", version: ours4.id, before: null } as const;
  journal.entry([ours4.change(4), tagged], { objects: ours4.objects });
  journal.entry([{ change: "remove", version: ours4.id }]);
  journal.entry([{ change: "note", version: theirs1.id, message: "ours" }]);
  journal.entry([{ change: "config", run, config: '{"number":2,"mine":true}' }]);
  journal.entry([{ change: "used", run, version: theirs1.id }]);
}

/** What the second pull brought. */
function writeTheirs(
  journal: JournalWriter,
  { theirs1, theirs2, theirs3, also3 }: ReturnType<typeof pulledVersions>,
  steps: { readonly artifact: LogSteps; readonly experiment: LogSteps },
  { run, record }: { readonly run: Digest; readonly record: Uint8Array },
): void {
  const events: LogEvent[] = [
    theirs2.event(2),
    theirs3.event(3),
    { event: "also", holder: theirs3.id, record: also3.record },
    { event: "tag", tag: "prod", version: theirs2.id },
    { event: "tag", tag: "best", version: theirs3.id },
    { event: "remove", version: theirs1.id },
    { event: "note", version: theirs1.id, message: "theirs", metadata: '{"stars":5}' },
    { event: "used", run, version: theirs2.id },
    { event: "made", run, version: theirs3.id },
  ];
  journal.entry([steps.artifact.next("lena", events)]);
  const ending = { state: "failed", at: START + 25, exitCode: 1, signal: null } as const;
  journal.entry([steps.experiment.next("theo", [{ event: "run", record, config: '{"number":2}', ending }])]);
  journal.entry([{ change: "whole", versions: [theirs2.id] }]);
}
