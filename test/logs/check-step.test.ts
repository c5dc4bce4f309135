/** What a step says has to fit what its log has said before. */
import { describe, expect, test } from "vitest";
import { type Digest, hashContent } from "../../src/digest/index.ts";
import {
  artifactLog,
  checkEvents,
  experimentId,
  experimentLog,
  type LogEvent,
  type LogFacts,
  NAMES_LOG,
} from "../../src/logs/index.ts";
import { encodeRunRecord, encodeVersionRecord, NONCE_BYTES, versionId } from "../../src/manifest/index.ts";

const digest = (text: string): Digest => hashContent(Buffer.from(text));
const artifact = digest("artifact");

function record(message: string, of: Digest = artifact): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  const fields = { manifest: digest("manifest"), parents: [], createdAt: 0, createdBy: "", metadata: {}, nonce };
  return encodeVersionRecord({ artifact: of, message, ...fields });
}

const version = (number: number, message: string): LogEvent => ({
  event: "version",
  number,
  record: record(message),
  entries: 0,
  files: 0,
  bytes: 0,
  newBytes: 0,
});
const id = (message: string): Digest => versionId(record(message));

function facts(
  fields: Partial<LogFacts> & { versions?: readonly string[]; numbers?: readonly number[] } = {},
): LogFacts {
  const { versions = [], numbers = [], ...rest } = fields;
  return {
    log: artifactLog(artifact),
    isHome: true,
    highest: 0,
    hasVersion: (each) => versions.some((message) => id(message) === each),
    hasNumber: (number) => numbers.includes(number),
    ...rest,
  };
}

const damaged = expect.objectContaining({ code: "DAMAGED" });

describe("numbers", () => {
  test("follow one another at home", () => {
    expect(checkEvents([version(4, "a"), version(5, "b")], facts({ highest: 3 }))).toBe(5);
    for (const number of [3, 5])
      expect(() => checkEvents([version(number, "a")], facts({ highest: 3 }))).toThrow(damaged);
    expect(() => checkEvents([version(4, "a"), version(4, "b")], facts({ highest: 3 }))).toThrow(damaged);
  });

  test("are given once on a mirror, in any order", () => {
    const mirror = { isHome: false, highest: 9, numbers: [9, 2] };
    expect(checkEvents([version(3, "a"), version(12, "b")], facts(mirror))).toBe(12);
    expect(() => checkEvents([version(2, "a")], facts(mirror))).toThrow(damaged);
    expect(() => checkEvents([version(3, "a"), version(3, "b")], facts(mirror))).toThrow(damaged);
  });
});

describe("versions", () => {
  test("are told of once, whichever way", () => {
    expect(() => checkEvents([version(1, "a")], facts({ versions: ["a"] }))).toThrow(damaged);
    const also: LogEvent = { event: "also", holder: id("a"), record: record("b") };
    expect(checkEvents([version(1, "a"), also], facts())).toBe(1);
    expect(() => checkEvents([version(1, "a"), also, also], facts())).toThrow(damaged);
    expect(() => checkEvents([version(1, "a"), also, version(2, "b")], facts())).toThrow(damaged);
  });

  test("are those of the log's artifact", () => {
    const event = { ...version(1, "a"), record: record("a", digest("another")) } as LogEvent;
    expect(() => checkEvents([event], facts())).toThrow(damaged);
  });

  test("are there before anything is said of them", () => {
    const events: LogEvent[] = [
      { event: "tag", tag: "prod", version: id("a") },
      { event: "remove", version: id("a") },
      { event: "restore", version: id("a") },
      { event: "note", version: id("a"), message: "", metadata: null },
      { event: "also", holder: id("a"), record: record("b") },
    ];
    for (const event of events) {
      expect(() => checkEvents([event], facts())).toThrow(damaged);
      expect(() => checkEvents([event, version(1, "a")], facts())).toThrow(damaged);
      expect(checkEvents([version(1, "a"), event], facts())).toBe(1);
      expect(checkEvents([event], facts({ versions: ["a"], highest: 1 }))).toBe(1);
    }
    expect(checkEvents([{ event: "tag", tag: "prod", version: null }], facts())).toBe(0);
  });
});

test("each kind of log has its own events", () => {
  const names = facts({ log: NAMES_LOG });
  const experiment = facts({ log: experimentLog(digest("experiment")) });
  const made: LogEvent = {
    event: "artifact",
    artifact,
    team: "t",
    experiment: "e",
    type: "t",
    name: "n",
    home: artifact,
  };
  expect(checkEvents([made, { event: "experiment", team: "t", experiment: "e" }], names)).toBe(0);
  for (const log of [facts(), experiment]) expect(() => checkEvents([made], log)).toThrow(damaged);
  for (const log of [names, experiment]) expect(() => checkEvents([version(1, "a")], log)).toThrow(damaged);
  const run = (experimentName: string): LogEvent => ({
    event: "run",
    record: encodeRunRecord({
      team: "team",
      experiment: experimentName,
      name: "run",
      startedAt: 0,
      startedBy: "",
      command: [],
      config: {},
      nonce: new Uint8Array(NONCE_BYTES),
    }),
    config: "{}",
    ending: null,
  });
  const own = facts({ log: experimentLog(experimentId("team", "own")) });
  for (const log of [own, facts()]) expect(checkEvents([run("own")], log)).toBe(0);
  for (const log of [names, experiment]) expect(() => checkEvents([run("own")], log)).toThrow(damaged);
  for (const log of [names, experiment, facts()]) {
    expect(
      checkEvents(
        [
          { event: "fence", epoch: 1 },
          { event: "other", kind: 99 },
        ],
        log,
      ),
    ).toBe(0);
  }
});
