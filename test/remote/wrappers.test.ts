import { describe, expect, test } from "vitest";
import { type ArtifoldError, isArtifoldError } from "../../src/errors.ts";
import {
  type DryChange,
  dryRemote,
  impatientRemote,
  limitedRemote,
  Meter,
  type Remote,
  remoteError,
  retryingRemote,
  slowedRemote,
} from "../../src/remote/index.ts";
import { memoryPlace, memoryRemote, remoteChecks } from "../../src/testing/index.ts";
import { wrapped, wrappedPlace, wrappers } from "../support/remotes.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const failure = (details: object = {}): ArtifoldError =>
  remoteError("UNREACHABLE", "memory:", "gone", { transient: true, ...details });

describe.each([...wrappers, ["all of them", wrapped] as const])("%s around a remote is not noticed", (_, wrap) => {
  test.each(remoteChecks)("$name", ({ check }) => check(wrappedPlace(memoryPlace(), wrap)));
});

/** Replaces a method so that the first calls do as the script says, and later ones work. */
function scripted<Method extends "read" | "create" | "delete">(
  remote: Remote,
  method: Method,
  script: ((real: () => Promise<unknown>) => Promise<unknown>)[],
): Remote {
  const real = remote[method].bind(remote) as (...args: unknown[]) => Promise<unknown>;
  const replaced = (...args: unknown[]): Promise<unknown> => {
    const step = script.shift();
    return step === undefined ? real(...args) : step(() => real(...args));
  };
  return Object.assign(remote, { [method]: replaced });
}

const fails = (details?: object) => async (): Promise<never> => {
  throw failure(details);
};
const losesTheAnswer = async (real: () => Promise<unknown>): Promise<never> => {
  await real();
  throw failure({ happened: "unknown" });
};
const quick = { pauseMs: 1 };

describe("retry", () => {
  test("tries again what failed in passing, and tells of it", async () => {
    const heard: unknown[] = [];
    const memory = memoryRemote();
    await memory.create("a/0", bytes("0"));
    const remote = retryingRemote(scripted(memory, "read", [fails(), fails()]), {
      ...quick,
      onRetry: (error) => heard.push(error.code),
    });
    expect(await remote.read("a/0")).toEqual(bytes("0"));
    expect(heard).toEqual(["UNREACHABLE", "UNREACHABLE"]);
  });

  test("tries nothing else again", async () => {
    for (const error of [remoteError("DENIED", "memory:", "no"), new Error("a fault"), failure({ transient: false })]) {
      let calls = 0;
      const never = async (): Promise<never> => {
        calls++;
        throw error;
      };
      const remote = retryingRemote(scripted(memoryRemote(), "read", [never, never]), quick);
      await expect(remote.read("a/0")).rejects.toBe(error);
      expect(calls).toBe(1);
    }
  });

  test("gives up after its tries, and before a pause that would be too long", async () => {
    const often = Array.from({ length: 10 }, () => fails());
    await expect(
      retryingRemote(scripted(memoryRemote(), "read", often), { ...quick, triesMax: 4 }).read("a/0"),
    ).rejects.toMatchObject({ code: "UNREACHABLE" });
    expect(often).toHaveLength(6);
    const told = [fails({ retryAfterMs: 3_600_000 }), fails()];
    await expect(retryingRemote(scripted(memoryRemote(), "read", told), quick).read("a/0")).rejects.toThrow("gone");
    expect(told).toHaveLength(1);
  });

  test("waits as long as the place asks it to", async () => {
    const pauses: number[] = [];
    const remote = retryingRemote(scripted(memoryRemote(), "read", [fails({ retryAfterMs: 40 }), fails()]), {
      ...quick,
      onRetry: (_, pauseMs) => pauses.push(pauseMs),
    });
    await remote.read("a/0");
    expect(pauses[0]).toBe(40);
    expect(pauses[1]).toBeLessThan(10);
  });

  test("a create whose answer was lost is ours if the bytes are", async () => {
    const remote = retryingRemote(scripted(memoryRemote(), "create", [losesTheAnswer]), quick);
    expect(await remote.create("a/0", bytes("ours"))).toBe("created");
  });

  test("a create whose answer was lost is not ours if other bytes are there", async () => {
    const memory = memoryRemote();
    await memory.create("a/0", bytes("theirs"));
    const remote = retryingRemote(scripted(memory, "create", [losesTheAnswer]), quick);
    expect(await remote.create("a/0", bytes("ours"))).toBe("exists");
    expect(await remote.read("a/0")).toEqual(bytes("theirs"));
  });

  test("a create that did not happen is made, though its request comes to be late", async () => {
    const memory = memoryRemote();
    const late = async (real: () => Promise<unknown>): Promise<unknown> => {
      await memory.create("a/0", bytes("ours"));
      return real();
    };
    const remote = retryingRemote(scripted(memory, "create", [fails({ happened: "unknown" }), late]), quick);
    expect(await remote.create("a/0", bytes("ours"))).toBe("created");
  });

  test("what may have happened is told at the end, whatever the last try met", async () => {
    const script = [fails({ happened: "unknown" }), fails({ happened: "no" }), fails({ happened: "no" })];
    const remote = retryingRemote(scripted(memoryRemote(), "create", script), { ...quick, triesMax: 3 });
    const error = await remote.create("a/0", bytes("ours")).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "UNREACHABLE", happened: "unknown" });
  });

  test("a list goes on behind the last key that came", async () => {
    const memory = memoryRemote();
    for (const key of ["a/0", "a/1", "a/2", "a/3"]) await memory.create(key, bytes(key));
    const real = memory.list.bind(memory);
    const asked: (string | undefined)[] = [];
    memory.list = async function* (prefix, after, options) {
      asked.push(after);
      let given = 0;
      for await (const listed of real(prefix, after, options)) {
        if (given++ === 1) throw failure();
        yield listed;
      }
    };
    const seen: string[] = [];
    for await (const { key } of retryingRemote(memory, { ...quick, triesMax: 2 }).list("a/")) seen.push(key);
    expect(seen).toEqual(["a/0", "a/1", "a/2", "a/3"]);
    expect(asked).toEqual([undefined, "a/0", "a/1", "a/2"]);
  });

  test("an abort ends the pause between two tries", async () => {
    const ended = new AbortController();
    const remote = retryingRemote(scripted(memoryRemote(), "read", [fails()]), {
      pauseMs: 60_000,
      onRetry: () => setTimeout(() => ended.abort("enough"), 1),
    });
    await expect(remote.read("a/0", undefined, { signal: ended.signal })).rejects.toBe("enough");
  });
});

describe("limit", () => {
  test("so many calls run at once, in turn, and one that waits can be aborted", async () => {
    const memory = memoryRemote();
    let running = 0;
    let most = 0;
    const order: string[] = [];
    memory.read = async (key) => {
      most = Math.max(most, ++running);
      order.push(key);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
      return undefined;
    };
    const remote = limitedRemote(memory, 2);
    const keys = Array.from({ length: 9 }, (_, number) => `a/${number}`);
    const ended = new AbortController();
    const reads = keys.map((key) => remote.read(key, undefined, key === "a/5" ? { signal: ended.signal } : {}));
    ended.abort("enough");
    const results = await Promise.allSettled(reads);
    expect(results.map(({ status }) => status === "rejected")).toEqual(keys.map((key) => key === "a/5"));
    expect(order).toEqual(keys.filter((key) => key !== "a/5"));
    expect(most).toBe(2);
  });

  test("a list whose reader thinks, or leaves, does not stand in the way", async () => {
    const memory = memoryRemote();
    for (const key of ["a/0", "a/1"]) await memory.create(key, bytes(key));
    const remote = limitedRemote(memory, 1);
    for await (const { key } of remote.list("a/")) {
      expect(await remote.read(key)).toEqual(bytes(key));
      break;
    }
    expect(await remote.read("a/1")).toEqual(bytes("a/1"));
  });
});

describe("bandwidth", () => {
  test("bytes take the time that they are given, in each direction", async () => {
    const memory = memoryRemote();
    const remote = slowedRemote(memory, { sent: 1_000_000 });
    const began = performance.now();
    // A tenth of a second's worth is free; 100 KB more take another tenth.
    await Promise.all(["a/0", "a/1"].map((key) => remote.create(key, new Uint8Array(100_000))));
    expect(performance.now() - began).toBeGreaterThan(90);
    await remote.read("a/0");
  });

  test("an abort ends the wait", async () => {
    const remote = slowedRemote(memoryRemote(), { sent: 1 });
    const ended = new AbortController();
    setTimeout(() => ended.abort("enough"), 1);
    const created = remote.create("a/0", new Uint8Array(1000), { signal: ended.signal });
    await expect(created).rejects.toBe("enough");
  });
});

describe("meter", () => {
  test("counts requests and bytes, of tries that failed too", async () => {
    const memory = memoryRemote();
    const meter = new Meter();
    const remote = meter.measure(retryingRemote(scripted(memory, "create", [losesTheAnswer]), quick));
    await remote.create("a/0", bytes("12345"));
    expect(meter.sentBytes).toBe(5);
    await remote.read("a/0");
    expect(meter.requests).toBe(3);
    expect(meter.receivedBytes).toBe(10);
  });
});

describe("stall", () => {
  const never = (): Promise<never> => new Promise(() => undefined);

  test("a call in which nothing moves ends, and what moves now and then goes on", async () => {
    const memory = memoryRemote();
    const remote = impatientRemote(
      Object.assign(memory, {
        read: async (_key: string, _range: unknown, { signal, onTraffic }: Parameters<Remote["read"]>[2] & object) => {
          for (let piece = 0; piece < 5; piece++) {
            await new Promise((resolve) => setTimeout(resolve, 20));
            await onTraffic?.("received", 1);
          }
          return new Promise<undefined>((_, reject) => {
            signal?.addEventListener("abort", () => reject(signal.reason));
          });
        },
      }),
      60,
    );
    const began = performance.now();
    const error = await remote.read("a/0").catch((reason: unknown) => reason);
    expect(performance.now() - began).toBeGreaterThan(150);
    expect(error).toMatchObject({ code: "UNREACHABLE", happened: "no", info: { transient: true } });
    expect((error as Error).message).toContain("nothing moved for 0.06 seconds");
  });

  test("of a create that is given up nobody knows whether it happened", async () => {
    const memory = memoryRemote();
    memory.create = (_key, _bytes, { signal } = {}) =>
      new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    const error = await impatientRemote(memory, 5)
      .create("a/0", bytes("x"))
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "UNREACHABLE", happened: "unknown" });
  });

  test("time that a limit holds the call back does not count", async () => {
    const remote = slowedRemoteAround(5);
    await expect(remote.create("a/0", new Uint8Array(200_000))).resolves.toBe("created");
  });

  const slowedRemoteAround = (stallMs: number): Remote =>
    slowedRemote(impatientRemote(memoryRemote(), stallMs), { sent: 1_000_000 });

  test("a list whose reader thinks is not given up", async () => {
    const memory = memoryRemote();
    for (const key of ["a/0", "a/1"]) await memory.create(key, bytes(key));
    const seen: string[] = [];
    for await (const { key } of impatientRemote(memory, 20).list("a/")) {
      seen.push(key);
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    expect(seen).toEqual(["a/0", "a/1"]);
  });

  test("the caller's own signal still ends the call, with its reason", async () => {
    const memory = memoryRemote();
    memory.read = (_key, _range, { signal } = {}) =>
      Promise.race([
        never(),
        new Promise<never>((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
      ]);
    const ended = new AbortController();
    setTimeout(() => ended.abort("enough"), 1);
    await expect(impatientRemote(memory, 60_000).read("a/0", undefined, { signal: ended.signal })).rejects.toBe(
      "enough",
    );
  });
});

describe("dry run", () => {
  test("nothing is done, everything is told, and later calls see it", async () => {
    const memory = memoryRemote();
    await memory.create("a/1", bytes("1"));
    await memory.create("a/3", bytes("3"));
    const changes: DryChange[] = [];
    const remote = dryRemote(memory, { onChange: (change) => changes.push(change) });
    expect(await remote.create("a/0", bytes("zero"))).toBe("created");
    expect(await remote.create("a/0", bytes("again"))).toBe("exists");
    expect(await remote.create("a/1", bytes("again"))).toBe("exists");
    await remote.delete("a/1");
    expect(await remote.create("a/1", bytes("one more"))).toBe("created");
    await remote.delete("a/3");
    await remote.create("a/4", bytes("four"));
    await remote.create("b/0", bytes("other"));
    const listed: string[] = [];
    for await (const { key, size } of remote.list("a/")) listed.push(`${key}:${size}`);
    expect(listed).toEqual(["a/0:4", "a/1:8", "a/4:4"]);
    expect(await remote.read("a/0", { offset: 1, length: 2 })).toEqual(bytes("er"));
    expect(await remote.read("a/3")).toBeUndefined();
    expect(changes.map(({ change, key, size }) => `${change} ${key} ${size ?? ""}`.trim())).toEqual([
      "create a/0 4",
      "delete a/1",
      "create a/1 8",
      "delete a/3",
      "create a/4 4",
      "create b/0 5",
    ]);
    expect(memory.requests).toMatchObject({ create: 2, delete: 0 });
  });

  test("of many creates at once one wins here too", async () => {
    const remote = dryRemote(memoryRemote());
    const answers = await Promise.all(Array.from({ length: 16 }, () => remote.create("a/0", bytes("x"))));
    expect(answers.filter((answer) => answer === "created")).toHaveLength(1);
  });

  test("what was given to it is kept, whatever becomes of the bytes", async () => {
    const remote = dryRemote(memoryRemote());
    const given = Buffer.from("given");
    await remote.create("a/0", given);
    given.fill(0);
    expect(await remote.read("a/0")).toEqual(bytes("given"));
  });

  test("what is too much to keep is listed, and says so when it is read", async () => {
    const remote = dryRemote(memoryRemote(), { keptBytesMax: 10 });
    await remote.create("a/0", new Uint8Array(8));
    await remote.create("a/1", new Uint8Array(8));
    const listed: string[] = [];
    for await (const { key, size } of remote.list("")) listed.push(`${key}:${size}`);
    expect(listed).toEqual(["a/0:8", "a/1:8"]);
    const error = await remote.read("a/1").catch((reason: unknown) => reason);
    expect(isArtifoldError(error, "LIMIT")).toBe(true);
  });
});
