import { describe, expect, test } from "vitest";
import { DIGEST_BYTES, hashContentBytes } from "../../src/digest/index.ts";
import { ChosenChunks, ChunksUnderWay } from "../../src/worktree/chunks-under-way.ts";

const COUNT = 300;

/** Digests one after another; those of numbers. */
function digestsOf(numbers: readonly number[]): Uint8Array {
  return Buffer.concat(numbers.map((number) => hashContentBytes(Buffer.from(`${number}`))));
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

describe("chunks under way", () => {
  test("a chunk is chosen once, and found in other digests", () => {
    const chosen = new ChosenChunks(digestsOf(upTo(COUNT).map((index) => index % 200)));
    const added = upTo(COUNT).filter((index) => index % 2 === 0 && chosen.add(index));
    expect(added).toEqual(upTo(200).filter((index) => index % 2 === 0));
    expect(chosen.count).toBe(100);
    const others = digestsOf(upTo(COUNT));
    const found = upTo(COUNT).filter((index) => chosen.has(others, index * DIGEST_BYTES));
    expect(found).toEqual(added);
  });

  test("of no chunks none is found", () => {
    expect(new ChosenChunks(new Uint8Array()).has(digestsOf([1]), 0)).toBe(false);
  });

  test("they are under way until they arrived, or failed to", async () => {
    const underWay = new ChunksUnderWay();
    const digests = digestsOf([1, 2]);
    const [first, second] = [new ChosenChunks(digests), new ChosenChunks(digests)];
    first.add(0);
    second.add(1);
    let arrive = (): void => {};
    let fail = (_: Error): void => {};
    const arrival = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const failing = new Promise<void>((_, reject) => {
      fail = reject;
    });
    const brought = underWay.bring(first, arrival);
    const failed = underWay.bring(second, failing);
    expect(underWay.arrivalOf(digests, 0)).toBe(arrival);
    expect(underWay.arrivalOf(digests, DIGEST_BYTES)).toBe(failing);
    arrive();
    await brought;
    expect(underWay.arrivalOf(digests, 0)).toBeUndefined();
    expect(underWay.arrivalOf(digests, DIGEST_BYTES)).toBe(failing);
    fail(new Error("made by the test"));
    await expect(failed).rejects.toThrow("made by the test");
    expect(underWay.arrivalOf(digests, DIGEST_BYTES)).toBeUndefined();
  });
});
