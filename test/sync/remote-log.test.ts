/** Logs of a remote: many writers, lost answers, checkpoints, and remotes that are not as they were. */
import { describe, expect, test } from "vitest";
import { hashContent } from "../../src/digest/index.ts";
import { ArtifoldError } from "../../src/errors.ts";
import { artifactLog, checkpointKey, type LogEvent, slotKey } from "../../src/logs/index.ts";
import { Meter, type Remote, retryingRemote } from "../../src/remote/index.ts";
import { type LogPosition, RemoteLog, type SlotStep } from "../../src/sync/remote-log.ts";
import { memoryPlace, settableClock } from "../../src/testing/index.ts";

const id = hashContent(Buffer.from("remote"));
const log = artifactLog(hashContent(Buffer.from("artifact")));
const start: LogPosition = { slot: 0, digest: id };
const writer = (by: string) => ({ by, clock: settableClock(0) });
const event = (epoch: number): LogEvent => ({ event: "fence", epoch });

/** Reads a log from a position; gives the steps and the end. */
async function readAll(remote: Remote, from: LogPosition = start): Promise<{ steps: SlotStep[]; end: LogPosition }> {
  const steps: SlotStep[] = [];
  const reading = new RemoteLog(remote, log).read(from);
  for (let next = await reading.next(); ; next = await reading.next()) {
    if (next.done === true) return { steps, end: next.value };
    steps.push(...next.value);
  }
}

/** Appends until it wins, as a push does. */
async function push(remote: Remote, events: readonly LogEvent[], by: string, from = start): Promise<LogPosition> {
  let at = from;
  const own = new RemoteLog(remote, log);
  for (;;) {
    const written = await own.append(at, events, { roots: [] }, writer(by));
    if (written !== undefined) return written;
    at = (await readAll(remote, at)).end;
  }
}

async function written(count: number): Promise<{ place: ReturnType<typeof memoryPlace>; end: LogPosition }> {
  const place = memoryPlace();
  const remote = place.open();
  const own = new RemoteLog(remote, log);
  let end = start;
  for (let slot = 1; slot <= count; slot++) {
    end = (await own.append(end, [event(slot)], { roots: [] }, writer("mina"))) as LogPosition;
  }
  return { place, end };
}

const epochs = (steps: readonly SlotStep[]): unknown[] =>
  steps.flatMap(({ step }) => step.events.map((each) => (each as { epoch: number }).epoch));

describe("reading", () => {
  test.each([0, 1, 7, 8, 9, 63, 64, 65, 100, 1000, 1001, 1100])("all of %i steps, in order", async (count) => {
    const { place, end } = await written(count);
    const read = await readAll(place.open());
    expect(epochs(read.steps)).toEqual(Array.from({ length: count }, (_, slot) => slot + 1));
    expect(read.end).toEqual({ slot: end.slot, digest: end.digest });
    for (const known of [1, 8, count - 1, count]) {
      const step = read.steps[known - 1];
      if (step === undefined) continue;
      const rest = await readAll(place.open(), step);
      expect(epochs(rest.steps)).toEqual(epochs(read.steps.slice(known)));
    }
  });

  test("10,000 steps with few requests, wherever reading begins", async () => {
    const { place, end } = await written(10_000);
    for (const known of [0, 1, 4000, 9000]) {
      const position = known === 0 ? start : ((await readAll(place.open())).steps[known - 1] as LogPosition);
      const meter = new Meter();
      const read = await readAll(meter.measure(place.open()), position);
      expect(read.end).toEqual({ slot: 10_000, digest: end.digest });
      expect(read.steps).toHaveLength(10_000 - known);
      // From the beginning blocks fit; from anywhere else there are small ones at both ends.
      expect(meter.requests).toBeLessThanOrEqual(known === 0 ? 20 : 60);
    }
  });

  test("without any checkpoint", async () => {
    const { place, end } = await written(70);
    const remote = place.open();
    for await (const { key } of remote.list("c/")) await remote.delete(key);
    expect((await readAll(remote)).end).toEqual({ slot: 70, digest: end.digest });
  });

  test("past a checkpoint that is none, or is another's", async () => {
    const { place, end } = await written(70);
    const remote = place.open();
    const [first, second, whole] = [
      checkpointKey(log, { level: 1, number: 0 }),
      checkpointKey(log, { level: 1, number: 1 }),
      checkpointKey(log, { level: 2, number: 0 }),
    ] as const;
    const bytes = (await remote.read(first)) as Uint8Array;
    for (const key of [first, second, whole]) await remote.delete(key);
    await remote.create(whole, Buffer.from("nothing"));
    await remote.create(second, bytes);
    await remote.create(first, bytes);
    const read = await readAll(remote);
    expect(read.end).toEqual({ slot: 70, digest: end.digest });
    expect(read.steps).toHaveLength(70);
  });
});

describe("writing", () => {
  test("32 at once: each step is there once, and none is lost", async () => {
    const place = memoryPlace();
    const names = Array.from({ length: 32 }, (_, number) => `writer ${number}`);
    await Promise.all(names.map((by, number) => push(place.open(), [event(number)], by)));
    const { steps } = await readAll(place.open());
    expect(steps.map(({ step }) => step.by).sort()).toEqual([...names].sort());
    expect(steps.map(({ slot }) => slot)).toEqual(names.map((_, at) => at + 1));
  });

  test("an answer that is lost is no loss", async () => {
    const place = memoryPlace();
    const remote = place.open();
    let fails = true;
    const losing: Remote = {
      ...bound(remote),
      async create(key, bytes, options) {
        await remote.create(key, bytes, options);
        // What wraps a place may have tried again, and been told that the key is there.
        if (fails) {
          fails = false;
          return "exists";
        }
        return remote.create(key, bytes, options);
      },
    };
    const own = await new RemoteLog(losing, log).append(start, [event(1)], { roots: [] }, writer("mina"));
    expect(own).toMatchObject({ slot: 1 });
    expect((await readAll(place.open())).steps).toHaveLength(1);
  });

  test("somebody else's step with the same words is another", async () => {
    const place = memoryPlace();
    const [one, other] = [new RemoteLog(place.open(), log), new RemoteLog(retryingRemote(place.open()), log)];
    expect(await one.append(start, [event(1)], { roots: [] }, writer("mina"))).toMatchObject({ slot: 1 });
    expect(await other.append(start, [event(1)], { roots: [] }, writer("mina"))).toBeUndefined();
  });

  test("checkpoints that cannot be made do no harm", async () => {
    const place = memoryPlace();
    const remote = place.open();
    const own = new RemoteLog(
      {
        ...bound(remote),
        create: (key, bytes, options) =>
          key.startsWith("c/") ? Promise.reject(denied()) : remote.create(key, bytes, options),
      },
      log,
    );
    let at = start;
    for (let slot = 1; slot <= 9; slot++)
      at = (await own.append(at, [event(slot)], { roots: [] }, writer(""))) as LogPosition;
    expect((await readAll(place.open())).steps).toHaveLength(9);
  });
});

describe("a remote that is not as it was", () => {
  const damaged = expect.objectContaining({ code: "DAMAGED" });

  test("a known slot that is gone", async () => {
    const { place, end } = await written(3);
    const remote = place.open();
    await remote.delete(slotKey(log, 3));
    await expect(readAll(remote, end)).rejects.toEqual(damaged);
    await remote.delete(slotKey(log, 2));
    await remote.delete(slotKey(log, 1));
    await expect(readAll(remote, end)).rejects.toEqual(damaged);
  });

  test("another step in a known slot", async () => {
    const { place, end } = await written(3);
    const remote = place.open();
    const own = new RemoteLog(remote, log);
    await remote.delete(slotKey(log, 3));
    const { end: before } = await readAll(remote);
    await own.append(before, [event(77)], { roots: [] }, writer("other"));
    // As long as nothing comes behind it, a list does not tell.
    await expect(new RemoteLog(remote, log).confirm(end)).rejects.toEqual(damaged);
    await push(remote, [event(78)], "other");
    await expect(readAll(remote, end)).rejects.toEqual(damaged);
  });

  test("a gap", async () => {
    const { place } = await written(12);
    const remote = place.open();
    await remote.delete(slotKey(log, 11));
    await expect(readAll(remote)).rejects.toEqual(damaged);
  });

  test("a log of another remote", async () => {
    const { place } = await written(2);
    const other = { slot: 0, digest: hashContent(Buffer.from("another remote")) };
    await expect(readAll(place.open(), other)).rejects.toEqual(damaged);
  });
});

function bound(remote: Remote): Remote {
  return {
    url: remote.url,
    traits: remote.traits,
    read: (...args) => remote.read(...args),
    create: (...args) => remote.create(...args),
    list: (...args) => remote.list(...args),
    delete: (...args) => remote.delete(...args),
    close: () => remote.close(),
  };
}

function denied(): Error {
  return new ArtifoldError("DENIED", "not here");
}
