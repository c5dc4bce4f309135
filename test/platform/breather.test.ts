import { afterEach, expect, test, vi } from "vitest";
import { Breather } from "../../src/platform/index.ts";

afterEach(() => vi.restoreAllMocks());

/** Lets the breather see this time. */
function at(ms: number): void {
  vi.spyOn(process, "uptime").mockReturnValue(ms / 1000);
}

function askedSixteenTimes(breather: Breather): boolean[] {
  return Array.from({ length: 16 }, () => breather.due());
}

test("a pause is due some milliseconds after the last one, and the clock is looked at every 16th time only", async () => {
  at(1000);
  const breather = new Breather();
  expect(askedSixteenTimes(breather)).not.toContain(true);
  at(1005);
  expect(askedSixteenTimes(breather)).not.toContain(true);
  at(1100);
  const clock = vi.mocked(process.uptime);
  clock.mockClear();
  expect(askedSixteenTimes(breather)).toEqual([...Array.from({ length: 15 }, () => false), true]);
  expect(clock).toHaveBeenCalledTimes(1);
  await breather.pause();
  expect(askedSixteenTimes(breather)).not.toContain(true);
});

test("who is at work together shares the time until the event loop comes round", async () => {
  await new Promise((resolve) => setImmediate(resolve));
  at(1000);
  const [one, another] = [new Breather(), new Breather()];
  expect([one.dueAfterLong(), another.dueAfterLong()]).toEqual([false, false]);
  at(1013);
  expect([one.dueAfterLong(), another.dueAfterLong()]).toEqual([true, true]);
  await one.pause();
  expect([one.dueAfterLong(), another.dueAfterLong()]).toEqual([false, false]);
});

test("a pause lets other work in", async () => {
  let ran = false;
  setImmediate(() => {
    ran = true;
  });
  await new Breather().pause();
  expect(ran).toBe(true);
});

test("a pause ends with the signal's reason when it was aborted meanwhile", async () => {
  const controller = new AbortController();
  const breather = new Breather(controller.signal);
  await breather.pause();
  const reason = new Error("enough");
  setImmediate(() => controller.abort(reason));
  await expect(breather.pause()).rejects.toBe(reason);
});
