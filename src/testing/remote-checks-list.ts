import { eachOf, equal, keys, type PairCheck, rejection, text } from "./remote-checks-support.ts";

const numbered = (number: number): string => `a/${String(number).padStart(5, "0")}`;

/** What listing must do. */
export const listChecks: readonly PairCheck[] = [
  {
    name: "keys are listed in order, by prefix, after a key, with their sizes",
    async check(remote) {
      for (const key of ["b/1", "a/2", "a/10", "a/1", "ab/1"]) await remote.create(key, text(key));
      equal(await keys(remote, ""), "a/1:3 a/10:4 a/2:3 ab/1:4 b/1:3", "all");
      equal(await keys(remote, "a/"), "a/1:3 a/10:4 a/2:3", "by prefix");
      equal(await keys(remote, "a"), "a/1:3 a/10:4 a/2:3 ab/1:4", "by the beginning of a part");
      equal(await keys(remote, "a/1"), "a/1:3 a/10:4", "by a prefix that is a key");
      equal(await keys(remote, "a/", "a/1"), "a/10:4 a/2:3", "after a key");
      equal(await keys(remote, "a/", "a/11"), "a/2:3", "after a key that is not there");
      equal(await keys(remote, "", "a/2"), "ab/1:4 b/1:3", "after a key, of all");
      equal(await keys(remote, "b/", "a/2"), "b/1:3", "after a key before the prefix");
      equal(await keys(remote, "a/", "b"), "", "after a key behind the prefix");
      equal(await keys(remote, "c"), "", "none");
      equal(await keys(remote, "a/1/"), "", "below a key");
    },
  },
  {
    name: "a list of 2,500 keys is complete and in order, from anywhere",
    async check(remote, other) {
      const all = Array.from({ length: 2500 }, (_, number) => numbered(number));
      await eachOf(all, (key) => remote.create(key, text("x")));
      const listed: string[] = [];
      for await (const { key, size } of other.list("a/")) {
        equal(size, 1, `size of ${key}`);
        listed.push(key);
      }
      equal(listed.join(" "), all.join(" "), "keys");
      let rest = 0;
      for await (const { key } of other.list("a/", numbered(1249))) equal(key, numbered(1250 + rest++), "key after");
      equal(rest, 1250, "number of keys after the middle");
      for await (const { key } of other.list("", numbered(2))) {
        equal(key, numbered(3), "first key");
        break;
      }
      equal(await other.read(numbered(7)), text("x"), "read after a list that was left");
      await eachOf(all, (key) => remote.delete(key));
      equal(await keys(other, ""), "", "list when all are deleted");
    },
  },
  {
    name: "what was created is listed by another connection at once",
    async check(remote, other) {
      for (let number = 0; number < 20; number++) {
        await remote.create(numbered(number), text("x"));
        equal((await keys(other, "a/")).split(" ").length, number + 1, "number of keys");
      }
    },
  },
  {
    name: "keys deleted and created during a list do not disturb the others",
    async check(remote, other) {
      const all = Array.from({ length: 300 }, (_, number) => numbered(number));
      await eachOf(all, (key) => remote.create(key, text("x")));
      const listed: string[] = [];
      for await (const { key } of remote.list("a/")) {
        // Every second of those to come goes, and one that the list is past comes.
        if (listed.length === 0) {
          await eachOf(
            all.filter((_, number) => number % 2 === 1),
            (gone) => other.delete(gone),
          );
          await other.create("a/0000", text("new"));
        }
        listed.push(key);
      }
      const kept = all.filter((_, number) => number % 2 === 0);
      equal(
        kept.every((key) => listed.includes(key)),
        true,
        "all that stayed were listed",
      );
      equal([...new Set(listed)].sort().join(" "), listed.join(" "), "in order, each once");
    },
  },
  {
    name: "beginnings of keys that are none are refused",
    async check(remote) {
      for (const prefix of ["/", "/a", "a//", "..", "A", ".tmp-"]) {
        const error = await rejection(() => keys(remote, prefix), `list of "${prefix}"`);
        equal(error instanceof TypeError, true, `list of "${prefix}" is a TypeError`);
      }
    },
  },
];
