import { bytesOf, equal, type PairCheck, rejection, text } from "./remote-checks-support.ts";

/** What reading must do. */
export const readChecks: readonly PairCheck[] = [
  {
    name: "a key that is not there reads as undefined, whole and in part",
    async check(remote) {
      equal(await remote.read("a/0"), undefined, "read");
      equal(await remote.read("a/0", { offset: 0, length: 1 }), undefined, "read of a range");
      equal(await remote.read("a/0", { offset: 5, length: 0 }), undefined, "read of nothing");
    },
  },
  {
    name: "what was created is read as it was, empty too",
    async check(remote, other) {
      const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      equal(await remote.create("a/all", all), "created", "create");
      equal(await remote.create("a/one", text("1")), "created", "create of one byte");
      equal(await remote.create("a/none", new Uint8Array()), "created", "create of nothing");
      for (const reader of [remote, other]) {
        equal(await reader.read("a/all"), all, "read");
        equal(await reader.read("a/one"), text("1"), "read of one byte");
        equal(await reader.read("a/none"), new Uint8Array(), "read of nothing");
        equal(await reader.read("a/none", { offset: 0, length: 9 }), new Uint8Array(), "range of nothing");
      }
    },
  },
  {
    name: "a large key is read as it was, whole and in ranges",
    async check(remote, other) {
      const large = bytesOf(8 * 1024 * 1024 + 1);
      equal(await remote.create("a/large", large), "created", "create");
      equal(await other.read("a/large"), large, "read");
      for (const [offset, length] of [
        [0, 1],
        [1, 65_536],
        [4 * 1024 * 1024 - 1, 3],
        [8 * 1024 * 1024, 1],
        [8 * 1024 * 1024 - 100_000, 200_000],
      ] as const) {
        const range = await other.read("a/large", { offset, length });
        equal(range, large.subarray(offset, offset + length), `range of ${length} at ${offset}`);
      }
    },
  },
  {
    name: "ranges give what is there of them",
    async check(remote) {
      await remote.create("a/0", text("0123456789"));
      equal(await remote.read("a/0", { offset: 0, length: 1 }), text("0"), "at the beginning");
      equal(await remote.read("a/0", { offset: 2, length: 3 }), text("234"), "inside");
      equal(await remote.read("a/0", { offset: 9, length: 1 }), text("9"), "at the end");
      equal(await remote.read("a/0", { offset: 0, length: 10 }), text("0123456789"), "all");
      equal(await remote.read("a/0", { offset: 8, length: 5 }), text("89"), "over the end");
      equal(await remote.read("a/0", { offset: 10, length: 1 }), new Uint8Array(), "behind the end");
      equal(await remote.read("a/0", { offset: 2 ** 40, length: 1 }), new Uint8Array(), "far behind the end");
      equal(await remote.read("a/0", { offset: 3, length: 0 }), new Uint8Array(), "of nothing");
    },
  },
  {
    name: "ranges that are none are refused",
    async check(remote) {
      await remote.create("a/0", text("0123456789"));
      for (const [offset, length] of [
        [-1, 1],
        [0, -1],
        [0.5, 1],
        [Number.NaN, 1],
        [2 ** 53 - 1, 2 ** 53 - 1],
      ] as const) {
        const error = await rejection(() => remote.read("a/0", { offset, length }), `range of ${length} at ${offset}`);
        equal(error instanceof TypeError, true, `range of ${length} at ${offset} is a TypeError`);
      }
    },
  },
  {
    name: "the caller's buffers and the remote's are not the same",
    async check(remote) {
      // What `slice` of a Buffer gives is no copy.
      for (const [key, bytes] of [
        ["a/0", text("first")],
        ["a/1", Buffer.from(text("first"))],
      ] as const) {
        await remote.create(key, bytes);
        bytes.fill(0);
        (await remote.read(key))?.fill(1);
        equal(await remote.read(key), text("first"), "read");
      }
    },
  },
  {
    name: "many reads at once each get their own",
    async check(remote, other) {
      const numbers = Array.from({ length: 64 }, (_, number) => number);
      await Promise.all(numbers.map((number) => remote.create(`a/${number}`, text(`${number}`.repeat(1000)))));
      const read = await Promise.all(numbers.map((number) => (number % 2 ? remote : other).read(`a/${number}`)));
      for (const number of numbers) equal(read[number], text(`${number}`.repeat(1000)), `read of ${number}`);
    },
  },
  {
    name: "traits say something",
    async check({ url, traits }) {
      equal(url.length > 0, true, "there is a url");
      equal(traits.concurrency >= 1 && traits.bodyBytesMax >= 64 * 1024 * 1024, true, "room for calls and packs");
      equal(traits.requestBytes >= 0, true, "what a request costs is not negative");
    },
  },
];
