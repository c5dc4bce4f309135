/**
 * Checkpoints: copies of steps, eight or sixty-four or more in one key, so that nobody reads a long log slot by slot.
 *
 * They are made by whoever comes by and hold nothing of their own: that they link to the steps around them proves them.
 */
import { Decoder, Encoder, readExtras, writeExtras } from "../manifest/index.ts";
import type { LogName } from "./keys.ts";
import { decodeSlot, type ReadStep, STEP_BYTES_MAX, trimSlot } from "./step.ts";

/** Steps of slots that stand one after another. */
export interface Block {
  /** 1 for 8 steps, 2 for 64, and so on. */
  readonly level: number;
  /** Counted from 0 among those of its level. */
  readonly number: number;
}

const BASE = 8;
/** The highest level: 262,144 steps. */
export const LEVEL_MAX = 6;
const CHECKPOINT_KIND = 8;
const CHECKPOINT_BYTES_MAX: number = STEP_BYTES_MAX;
const DIGITS = 15;

/** How many steps a block has. */
export function blockLength({ level }: Block): number {
  return BASE ** level;
}

/** The first slot of a block. */
export function firstSlot(block: Block): number {
  return block.number * blockLength(block) + 1;
}

/** The last slot of a block. */
export function lastSlot(block: Block): number {
  return (block.number + 1) * blockLength(block);
}

/** The blocks that end with a slot, the smallest first. */
export function blocksEndingAt(slot: number): Block[] {
  const blocks: Block[] = [];
  for (let level = 1; level <= LEVEL_MAX && slot % BASE ** level === 0; level++) {
    blocks.push({ level, number: slot / BASE ** level - 1 });
  }
  return blocks;
}

/** What the keys of a log's checkpoints begin with. */
export function checkpointPrefix(log: LogName): string {
  return `c/${log}/`;
}

/** The key of a checkpoint. Those of the highest level come first in a list. */
export function checkpointKey(log: LogName, { level, number }: Block): string {
  return `${checkpointPrefix(log)}${9 - level}${String(number).padStart(DIGITS, "0")}`;
}

/** The block that a key names; `undefined` for another key. */
export function blockOfKey(log: LogName, key: string): Block | undefined {
  const text = key.slice(checkpointPrefix(log).length);
  if (!key.startsWith(checkpointPrefix(log)) || !/^[3-8]\d{15}$/.test(text)) return undefined;
  return { level: 9 - Number(text[0]), number: Number(text.slice(1)) };
}

/** The bytes of a checkpoint; `undefined` when they are more than one key should hold. */
export function encodeCheckpoint(block: Block, steps: readonly ReadStep[]): Uint8Array | undefined {
  if (steps.length !== blockLength(block)) throw new TypeError("a block has as many steps as its level says");
  const encoder = new Encoder(4096);
  encoder.array(4);
  encoder.uint(CHECKPOINT_KIND);
  encoder.uint(firstSlot(block));
  encoder.array(steps.length);
  for (const step of steps) {
    encoder.binary(trimSlot(step));
    if (encoder.length > CHECKPOINT_BYTES_MAX) return undefined;
  }
  writeExtras(encoder, undefined);
  return encoder.bytes();
}

/** Reads a checkpoint: the steps of its block, in order. @throws ArtifoldError DAMAGED, FORMAT_UNSUPPORTED */
export function decodeCheckpoint(block: Block, bytes: Uint8Array): ReadStep[] {
  const decoder = new Decoder(bytes, "checkpoint of a log");
  decoder.arrayOf(4);
  if (decoder.uint() !== CHECKPOINT_KIND) decoder.fail("another kind of record");
  if (decoder.uint() !== firstSlot(block)) decoder.fail("it begins with another slot than its key says");
  if (decoder.array() !== blockLength(block)) decoder.fail("another number of steps than its key says");
  const steps = Array.from({ length: blockLength(block) }, () => decodeSlot(decoder.binary()));
  readExtras(decoder);
  decoder.finish();
  return steps;
}
