/** Steps as they are written: nothing of them can be taken back. */
import { expect, test } from "vitest";
import { hashContent } from "../../src/digest/index.ts";
import { encodeStep, type LogEvent } from "../../src/logs/index.ts";
import { encodeRunRecord, NONCE_BYTES } from "../../src/manifest/index.ts";

const record = encodeRunRecord({
  team: "local",
  experiment: "e",
  name: "r",
  startedAt: 0,
  startedBy: "",
  command: [],
  config: {},
  nonce: new Uint8Array(NONCE_BYTES),
});

test.each([
  ["an ending of no known kind", { state: "weird", signal: null }],
  ["an empty name", { state: "killed", signal: "" }],
])("%s is refused by who writes it, as by who would read it", (message, ending) => {
  const event = { event: "run", record, config: "{}", ending: { at: 1, exitCode: null, ...ending } } as LogEvent;
  const by = { at: 1, by: "somebody", nonce: new Uint8Array(NONCE_BYTES) };
  expect(() => encodeStep({ previous: hashContent(Buffer.from("before")), ...by, events: [event] })).toThrow(message);
});
