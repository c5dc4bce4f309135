import type { Remote } from "../remote/index.ts";

/** One thing that every remote must do. `check` rejects, and says what it saw, when the remote does not. */
export interface RemoteCheck {
  readonly name: string;
  check(remote: Remote): Promise<void>;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/**
 * What every remote must do, as checks that any test runner can call, each with a remote that is empty.
 *
 * @example for (const { name, check } of remoteChecks) test(name, async () => check(await makeEmptyRemote()));
 */
export const remoteChecks: readonly RemoteCheck[] = [
  {
    name: "a key that is not there reads as undefined, whole and in part",
    async check(remote) {
      equal(await remote.read("a/0"), undefined, "read");
      equal(await remote.read("a/0", { offset: 0, length: 1 }), undefined, "read of a range");
    },
  },
  {
    name: "what was created is read as it was, empty too",
    async check(remote) {
      const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      equal(await remote.create("a/all", all), "created", "create");
      equal(await remote.create("a/none", new Uint8Array()), "created", "create of nothing");
      equal(await remote.read("a/all"), all, "read");
      equal(await remote.read("a/none"), new Uint8Array(), "read of nothing");
    },
  },
  {
    name: "the caller's buffers and the remote's are not the same",
    async check(remote) {
      const bytes = text("first");
      await remote.create("a/0", bytes);
      bytes.fill(0);
      (await remote.read("a/0"))?.fill(1);
      equal(await remote.read("a/0"), text("first"), "read");
    },
  },
  {
    name: "ranges give what is there of them",
    async check(remote) {
      await remote.create("a/0", text("0123456789"));
      equal(await remote.read("a/0", { offset: 2, length: 3 }), text("234"), "inside");
      equal(await remote.read("a/0", { offset: 8, length: 5 }), text("89"), "over the end");
      equal(await remote.read("a/0", { offset: 10, length: 1 }), new Uint8Array(), "behind the end");
      equal(await remote.read("a/0", { offset: 3, length: 0 }), new Uint8Array(), "of nothing");
    },
  },
  {
    name: "a key is created once, and keeps its first bytes",
    async check(remote) {
      await remote.create("a/0", text("first"));
      equal(await remote.create("a/0", text("second")), "exists", "second create");
      equal(await remote.read("a/0"), text("first"), "read");
    },
  },
  {
    name: "of many creates at once exactly one wins",
    async check(remote) {
      const answers = await Promise.all(Array.from({ length: 16 }, (_, each) => remote.create("a/0", text(`${each}`))));
      const winner = answers.indexOf("created");
      equal(answers.filter((answer) => answer === "created").length, 1, "number of winners");
      equal(await remote.read("a/0"), text(`${winner}`), "read");
    },
  },
  {
    name: "keys are listed in order, by prefix, after a key, with their sizes",
    async check(remote) {
      for (const key of ["b/1", "a/2", "a/10", "a/1", "ab/1"]) await remote.create(key, text(key));
      equal(await keys(remote, ""), "a/1:3 a/10:4 a/2:3 ab/1:4 b/1:3", "all");
      equal(await keys(remote, "a/"), "a/1:3 a/10:4 a/2:3", "by prefix");
      equal(await keys(remote, "a/", "a/1"), "a/10:4 a/2:3", "after a key");
      equal(await keys(remote, "a/", "a/11"), "a/2:3", "after a key that is not there");
      equal(await keys(remote, "c"), "", "none");
    },
  },
  {
    name: "a deleted key is gone, and deleting it again is no error",
    async check(remote) {
      await remote.create("a/0", text("first"));
      await remote.delete("a/0");
      await remote.delete("a/0");
      equal(await remote.read("a/0"), undefined, "read");
      equal(await keys(remote, ""), "", "list");
      equal(await remote.create("a/0", text("second")), "created", "create");
    },
  },
  {
    name: "a signal that was aborted ends a call with its reason and changes nothing",
    async check(remote) {
      const reason = new Error("enough");
      const seen = await remote.create("a/0", text("0"), AbortSignal.abort(reason)).catch((error: unknown) => error);
      equal(seen === reason, true, "rejects with the reason");
      equal(await remote.read("a/0"), undefined, "read");
    },
  },
];

async function keys(remote: Remote, prefix: string, after?: string): Promise<string> {
  const found: string[] = [];
  for await (const { key, size } of remote.list(prefix, after)) found.push(`${key}:${size}`);
  return found.join(" ");
}

function equal(is: unknown, should: unknown, what: string): void {
  const show = (value: unknown): string =>
    value instanceof Uint8Array ? `bytes ${[...value].join(",")}` : (JSON.stringify(value) ?? "undefined");
  if (show(is) !== show(should)) throw new Error(`${what}: ${show(is)} instead of ${show(should)}`);
}
