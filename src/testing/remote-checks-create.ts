import { KEY_LENGTH_MAX } from "../remote/index.ts";
import { bytesOf, equal, keys, type PairCheck, rejection, text } from "./remote-checks-support.ts";

const longestKey = Array.from({ length: 4 }, (_, part) => `${part}${"x".repeat(58)}`)
  .join("/")
  .padEnd(KEY_LENGTH_MAX, "9");

/** What creating must do. */
export const createChecks: readonly PairCheck[] = [
  {
    name: "a key is created once, and keeps its first bytes",
    async check(remote, other) {
      await remote.create("a/0", text("first"));
      equal(await remote.create("a/0", text("second")), "exists", "second create");
      equal(await other.create("a/0", text("third")), "exists", "create by another");
      equal(await remote.create("a/0", new Uint8Array()), "exists", "create of nothing");
      equal(await remote.read("a/0"), text("first"), "read");
    },
  },
  {
    name: "of 32 creates at once through two connections exactly one wins",
    async check(remote, other) {
      for (let round = 0; round < 3; round++) {
        const key = `a/${round}`;
        const answers = await Promise.all(
          Array.from({ length: 32 }, (_, each) => (each % 2 ? remote : other).create(key, text(`${each} of ${round}`))),
        );
        const winner = answers.indexOf("created");
        equal(answers.filter((answer) => answer === "created").length, 1, "number of winners");
        equal(await remote.read(key), text(`${winner} of ${round}`), "read");
        equal(await other.read(key), text(`${winner} of ${round}`), "read by another");
      }
    },
  },
  {
    name: "a key is seen whole or not at all while it is created",
    async check(remote, other) {
      const large = bytesOf(8 * 1024 * 1024);
      let isDone = false;
      const created = remote.create("a/large", large).finally(() => {
        isDone = true;
      });
      do {
        const seen = await other.read("a/large");
        if (seen !== undefined) equal(seen, large, "seen meanwhile");
        const listed = await keys(other, "");
        if (listed !== "") equal(listed, `a/large:${large.length}`, "listed meanwhile");
        await new Promise((resolve) => setTimeout(resolve));
      } while (!isDone);
      equal(await created, "created", "create");
    },
  },
  {
    name: "a create that fails midway leaves nothing, and the next one works",
    async check(remote, other) {
      const large = bytesOf(8 * 1024 * 1024);
      const reason = new Error("enough");
      let sent = 0;
      const failed = rejection(
        () =>
          remote.create("a/large", large, {
            onTraffic: (what, count) => {
              if (what !== "sent") return;
              sent += count;
              if (sent > 1024 * 1024 || count === large.length) throw reason;
            },
          }),
        "create that fails midway",
      );
      equal((await failed) === reason, true, "it rejects with what was thrown");
      equal(await other.read("a/large"), undefined, "read");
      equal(await keys(other, ""), "", "list");
      equal(await remote.create("a/large", large), "created", "create after it");
      equal(await other.read("a/large"), large, "read after it");
    },
  },
  {
    name: "keys of every character and of the greatest length are kept apart",
    async check(remote) {
      const names = [
        "0123456789abcdefghijklmnopqrstuvwxyz",
        "0",
        "z",
        "a/b/c/d/e/f/g/h",
        "a/b/c/d/e/f/g/i",
        longestKey,
      ];
      for (const key of names) equal(await remote.create(key, text(key)), "created", `create of ${key}`);
      for (const key of names) equal(await remote.read(key), text(key), `read of ${key}`);
      equal(
        await keys(remote, ""),
        [...names]
          .sort()
          .map((key) => `${key}:${key.length}`)
          .join(" "),
        "list",
      );
    },
  },
  {
    name: "keys that are none are refused",
    async check(remote) {
      const none = ["", "/", "/a", "a/", "a//b", "..", "a/../b", ".", "a.b", "A", "é", "a\\b", "a\0b", "a b", "a%2fb"];
      for (const key of [...none, ".tmp-0123456789abcdef", `${longestKey}0`]) {
        for (const [what, call] of [
          ["read", () => remote.read(key)],
          ["create", () => remote.create(key, text("x"))],
          ["delete", () => remote.delete(key)],
        ] as const) {
          const error = await rejection(call, `${what} of "${key}"`);
          equal(error instanceof TypeError, true, `${what} of "${key}" is a TypeError`);
        }
      }
      equal(await keys(remote, ""), "", "list");
    },
  },
  {
    name: "a deleted key is gone, and deleting it again is no error",
    async check(remote, other) {
      await remote.create("a/0", text("first"));
      await other.create("b/c/0", text("other"));
      await remote.delete("a/0");
      await other.delete("a/0");
      await remote.delete("never/there");
      equal(await other.read("a/0"), undefined, "read");
      equal(await keys(other, ""), "b/c/0:5", "list");
      equal(await other.create("a/0", text("second")), "created", "create");
      equal(await remote.read("a/0"), text("second"), "read again");
    },
  },
];
