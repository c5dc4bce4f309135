/** Calls of one process that fetch content at the same time: each keeps what it fetched, and none ends by another's doing. */
import { describe, expect, test } from "vitest";
import type { Store } from "../../src/index.ts";
import type { Remote } from "../../src/remote/index.ts";
import { Engine } from "../../src/store/engine.ts";
import { FarContent } from "../../src/store/far-content.ts";
import { type MemoryPlace, memoryPlace } from "../../src/testing/index.ts";
import { randomBytesOf } from "../support/random.ts";
import { beforeRead, withCalls } from "../support/remotes.ts";
import { openScratch, scratch, textsOf, uploadFiles } from "../support/stores.ts";

const NAMES = ["first", "second", "third"];
const TAGS = ["V1", "V2", "V3"];

/** So many turns of the loop. */
async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await new Promise((resolve) => setImmediate(resolve));
}

/** Something that is waited for. */
function moment(): { readonly coming: Promise<void>; come(): void } {
  let come = (): void => {};
  const coming = new Promise<void>((resolve) => {
    come = resolve;
  });
  return { coming, come: () => come() };
}

/** A remote whose packs take a few turns of the loop to read, by a seed. */
function slowed(remote: Remote, seed: number, most: number): Remote {
  let state = seed;
  return beforeRead(remote, async (key) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    if (key.startsWith("p/")) await turns((state >>> 24) % most);
  });
}

/** A store with artifacts of three versions of four files, and where it was pushed, version by version. */
async function pushed(): Promise<[Store, MemoryPlace]> {
  const [store, place] = [await openScratch(), memoryPlace()];
  for (const [at, name] of NAMES.entries()) {
    for (const version of [1, 2, 3]) {
      const files = [1, 2, 3, 4].map((file) => [`${file}`, randomBytesOf(at * 100 + version * 10 + file, 30_000)]);
      await uploadFiles(store, Object.fromEntries(files), name);
      await store.push({ remote: place.open() });
    }
  }
  return [store, place];
}

/** A store that knows of a remote, and has none of its content. */
async function knowing(open: () => Remote): Promise<Store> {
  const store = await openScratch(undefined, { openRemote: async () => open() });
  await store.remotes.add("origin", "/place");
  await store.pull({ metadataOnly: true });
  return store;
}

describe("calls that fetch at the same time", () => {
  test("keep what each of them fetched", async () => {
    const [one, place] = await pushed();
    for (let round = 0; round < 8; round++) {
      const far = await knowing(() => slowed(place.open(), round, 8));
      const { folder } = far;
      const reads = NAMES.flatMap((name) => TAGS.map(async (tag) => (await far.resolve(`${name}:${tag}`)).read("3")));
      await Promise.all([...reads, ...NAMES.map((name) => far.pull({ refs: [name] }))]);
      await far.close();
      const again = await openScratch(folder);
      for (const name of NAMES) {
        for (const tag of TAGS) {
          const version = await again.resolve(`${name}:${tag}`);
          expect(version.isComplete).toBe(true);
          expect(await textsOf(version)).toEqual(await textsOf(await one.resolve(`${name}:${tag}`)));
        }
      }
      await again.close();
    }
  });

  test("read what they fetched, whatever is kept meanwhile", async () => {
    const [one, place] = await pushed();
    for (let round = 0; round < 8; round++) {
      const far = await knowing(() => slowed(place.open(), round, 30));
      const reading = TAGS.map(async (tag) => {
        const [here, there] = [await far.resolve(`first:${tag}`), await one.resolve(`first:${tag}`)];
        for (const file of ["1", "2", "3", "4"]) expect(await here.read(file)).toEqual(await there.read(file));
      });
      await Promise.all(reading);
      await far.close();
    }
  });

  test("do not end a pull beside them", async () => {
    const [, place] = await pushed();
    const far = await knowing(() => slowed(place.open(), 1, 40));
    const first = await far.resolve("first");
    let isPulled = false;
    const reading = (async () => {
      for (let at = 0; !isPulled; at++) {
        await (await far.resolve(`first:${TAGS[at % 3]}`)).read(`${1 + (at % 4)}`);
        await turns(3);
      }
    })();
    await far.pull({ refs: ["second", "third"] });
    isPulled = true;
    await reading;
    expect(first.version).toBe("V3");
    for (const name of ["second", "third"]) expect((await far.resolve(name)).isComplete).toBe(true);
  });

  test("are not left with the closed remote of another one", async () => {
    const [one, place] = await pushed();
    const third = await Promise.all(TAGS.map(async (tag) => (await one.resolve(`third:${tag}`)).id.slice(0, 16)));
    const [firstReads, thirdIsRead, firstIsClosed, secondReads, secondMayEnd] = Array.from({ length: 5 }, moment);
    let opened = 0;
    const open = (): Remote => {
      const [remote, number] = [place.open(), opened++];
      let isClosed = false;
      return withCalls(
        beforeRead(remote, async (key) => {
          const group = /^p\/([^/]+)/.exec(key)?.[1];
          if (group === undefined) return;
          if (number === 1 && third.includes(group)) {
            thirdIsRead?.come();
            await firstIsClosed?.coming;
          } else if (number === 1) {
            firstReads?.come();
            await secondReads?.coming;
          } else if (number === 2 && !third.includes(group)) {
            secondReads?.come();
            await secondMayEnd?.coming;
          }
          if (isClosed) throw new TypeError("the remote is closed");
        }),
        {
          close: async () => {
            isClosed = true;
            if (number === 1) firstIsClosed?.come();
          },
        },
      );
    };
    const far = await knowing(open);
    const read = async (tag: string, file: string): Promise<void> => {
      const [here, there] = [await far.resolve(`third:${tag}`), await one.resolve(`third:${tag}`)];
      expect(await here.read(file)).toEqual(await there.read(file));
    };
    const first = far.pull({ refs: ["first:V1"] });
    await firstReads?.coming;
    const reading = read("V1", "1");
    await thirdIsRead?.coming;
    const second = far.pull({ refs: ["second"] });
    await Promise.all([first, reading]);
    await read("V2", "2");
    secondMayEnd?.come();
    await second;
    await read("V3", "3");
  });
});

test("a node that is fetched in any moment of another call's keeping is kept, or told to be lost", async () => {
  const place = memoryPlace();
  const one = await openScratch();
  const version = await uploadFiles(one, { a: "1" });
  await one.push({ remote: place.open() });
  for (let ticks = 0; ticks < 60; ticks++) {
    const folder = scratch();
    let far: FarContent | undefined;
    let isArmed = false;
    const keepMeanwhile = async (): Promise<void> => {
      if (!isArmed) return;
      isArmed = false;
      void far?.settle();
      void (async () => {
        for (let tick = 0; tick < ticks; tick++) await null;
        await far?.settle();
      })();
      for (let tick = 0; tick < 3; tick++) await null;
    };
    const open = (): Remote => {
      const remote = place.open();
      return withCalls(remote, {
        async read(key, range, options) {
          const bytes = await remote.read(key, range, options);
          if (key.startsWith("p/")) await keepMeanwhile();
          return bytes;
        },
      });
    };
    // The root comes with its step unless the place of it is all that is known.
    const store = await openScratch(folder, { openRemote: async () => open() });
    await store.remotes.add("origin", "/place");
    await uploadFiles(one, { a: `${ticks}`, b: "x" });
    await one.push({ remote: place.open() });
    await store.pull({ metadataOnly: true });
    await store.close();
    const openFar = async (engine: Engine): Promise<FarContent> => {
      far = new FarContent(engine);
      return far;
    };
    const engine = await Engine.open(folder, { user: "tester", workers: 0, openRemote: async () => open(), openFar });
    isArmed = true;
    const loss = await engine.source.keeping(async () => {
      await engine.source.read(version.digest, "manifestNode");
    });
    expect([ticks, loss, engine.objects.locate(version.digest) !== undefined]).toEqual([ticks, undefined, true]);
    await engine.close();
  }
});
