/**
 * One log of a remote: read from wherever it was read to before, and added to by whoever creates the next slot.
 *
 * What is read is checked against the chain of digests, so that steps can come from checkpoints as well as from slots.
 */
import type { Digest } from "../digest/index.ts";
import { ArtifoldError, isArtifoldError } from "../errors.ts";
import {
  type Block,
  blockLength,
  blocksEndingAt,
  checkpointKey,
  decodeCheckpoint,
  decodeSlot,
  encodeCheckpoint,
  encodeSlot,
  encodeStep,
  firstSlot,
  type LogEvent,
  type LogName,
  lastSlot,
  type ReadStep,
  STEP_BYTES_MAX,
  type StepHints,
  slotKey,
  slotOfKey,
  slotPrefix,
} from "../logs/index.ts";
import { NONCE_BYTES } from "../manifest/index.ts";
import { type Clock, randomBytes, sideBySide } from "../platform/index.ts";
import type { Remote, RemoteCallOptions } from "../remote/index.ts";
import { noParts, type PartMemory } from "./cached-parts.ts";
import { decodedAt } from "./decoded-at.ts";
import { listBlocks } from "./log-checkpoints.ts";

/** How far a log is known. */
export interface LogPosition {
  /** The last slot that was read; 0 before the first. */
  readonly slot: number;
  /** Digest of its step; before the first, the remote's id. */
  readonly digest: Digest;
}

/** A step and the slot that it stands in. */
export interface SlotStep extends ReadStep {
  readonly slot: number;
}

/** Who writes, and when. */
export interface LogWriter {
  readonly by: string;
  readonly clock: Clock;
}

/** So many new slots are read one by one; for more it is worth asking for checkpoints. */
const FEW_SLOTS = 8;
/** Slots that one list brings, at most. */
const PAGE_SLOTS = 1000;
/** Reads under way at once. */
const READS_AHEAD = 8;
/** Steps that are kept in memory for checkpoints. */
const KEPT_STEPS = 64;

/** A log, for the length of one operation. */
export class RemoteLog {
  readonly name: LogName;
  readonly #remote: Remote;
  readonly #call: RemoteCallOptions;
  readonly #parts: PartMemory;
  readonly #kept = new Map<number, ReadStep>();

  /** @param parts what was written of it before */
  constructor(remote: Remote, name: LogName, call: RemoteCallOptions = {}, parts: PartMemory = noParts) {
    this.#remote = remote;
    this.name = name;
    this.#call = call;
    this.#parts = parts;
  }

  /**
   * Reads on from a position to the end, in batches.
   *
   * @throws ArtifoldError DAMAGED when the log is not as it was, or does not fit together; FORMAT_UNSUPPORTED
   */
  async *read(from: LogPosition): AsyncGenerator<readonly SlotStep[], LogPosition, undefined> {
    let at = from;
    // Who knows nothing of the log asks for all at once: it is as likely to be long as short, and very short.
    const early = from.slot === 0 ? listBlocks(this.#remote, this.name, 0, this.#call) : undefined;
    early?.catch(() => undefined);
    // What is wrong with it is heard when it is read in its turn.
    const first = from.slot === 0 ? this.#readSlot(1).catch(() => undefined) : undefined;
    const useless = new Set<string>();
    for (;;) {
      const page = await this.#page(at.slot);
      await first;
      const isMuch = page.more || page.last - at.slot > FEW_SLOTS;
      const blocks = isMuch ? ((at === from ? await early : undefined) ?? (await this.#blocks(at.slot))) : [];
      const parts = cover(
        at.slot,
        page.last,
        blocks.filter((block) => !useless.has(idOf(block))),
      );
      const reads = sideBySide(parts, READS_AHEAD, (part) => this.#readPart(part));
      for await (const { part, steps } of reads) {
        const linked = steps === undefined ? undefined : this.#linked(at, steps, part);
        if (linked === undefined) {
          useless.add(idOf(part as Block));
          break;
        }
        at = linked.at(-1) as SlotStep;
        yield linked;
      }
      at = { slot: at.slot, digest: at.digest };
      if (!page.more && at.slot >= page.last) return at;
    }
  }

  /** Checks that the step that is known last is still there, as it was. */
  async confirm({ slot, digest }: LogPosition): Promise<void> {
    if (slot === 0 || this.#kept.has(slot)) return;
    if ((await this.#readSlot(slot)).digest !== digest) throw this.#changed(slot);
  }

  /**
   * Adds a step.
   *
   * @param at the end of the log, as far as it was read
   * @returns `undefined` when somebody else was first: read on, and try again
   */
  async append(
    at: LogPosition,
    events: readonly LogEvent[],
    hints: StepHints,
    { by, clock }: LogWriter,
  ): Promise<SlotStep | undefined> {
    const step = { previous: at.digest, at: clock.now(), by, nonce: randomBytes(NONCE_BYTES), events };
    const { core, digest } = encodeStep(step);
    const body = encodeSlot(core, hints);
    if (body.length > STEP_BYTES_MAX) throw new ArtifoldError("LIMIT", "one step of a log is larger than its slot");
    const slot = at.slot + 1;
    if ((await this.#remote.create(slotKey(this.name, slot), body, this.#call)) === "exists") {
      // An answer that was lost, and a try that was made again, look like this too.
      const there = await this.#readSlot(slot);
      if (there.digest !== digest) return undefined;
    }
    const written = { step, digest, core, hints, slot };
    this.#keep(slot, written);
    const blocks = blocksEndingAt(slot);
    if (blocks.length === 0) this.#parts.remember(digest, 0, body);
    await this.#makeCheckpoints(blocks);
    return written;
  }

  async #page(known: number): Promise<{ last: number; more: boolean }> {
    let next = Math.max(1, known);
    const after = next > 1 ? slotKey(this.name, next - 1) : undefined;
    let count = 0;
    for await (const { key } of this.#remote.list(slotPrefix(this.name), after, this.#call)) {
      const slot = slotOfKey(this.name, key);
      if (slot === undefined) continue;
      if (slot !== next)
        throw slot > next && count === 0 && known > 0
          ? this.#changed(known)
          : this.#broken(`slot ${next} is not there`);
      next++;
      if (++count > PAGE_SLOTS) return { last: slot, more: true };
    }
    if (known > 0 && count === 0) throw this.#changed(known);
    return { last: next - 1, more: false };
  }

  #blocks(from: number): Promise<Block[]> {
    return listBlocks(this.#remote, this.name, from, this.#call);
  }

  /** Reads a part; no steps for a checkpoint that is gone or is none, which is no loss. */
  async #readPart(part: Part): Promise<{ part: Part; steps: readonly ReadStep[] | undefined }> {
    if (typeof part === "number") return { part, steps: [this.#kept.get(part) ?? (await this.#readSlot(part))] };
    const range = { offset: 0, length: STEP_BYTES_MAX + 1 };
    const bytes = await this.#remote.read(checkpointKey(this.name, part), range, this.#call);
    try {
      return { part, steps: bytes && decodeCheckpoint(part, bytes) };
    } catch (error) {
      if (!isArtifoldError(error, "DAMAGED")) throw error;
      return { part, steps: undefined };
    }
  }

  async #readSlot(slot: number): Promise<ReadStep> {
    const range = { offset: 0, length: STEP_BYTES_MAX + 1 };
    const bytes = await this.#remote.read(slotKey(this.name, slot), range, this.#call);
    if (bytes === undefined) throw this.#broken(`slot ${slot} is not there`);
    if (bytes.length > STEP_BYTES_MAX) throw this.#broken(`slot ${slot} is too long`);
    const step = decodedAt(this.#remote, slotKey(this.name, slot), () => decodeSlot(bytes));
    this.#keep(slot, step);
    return step;
  }

  /** The steps with their slots, when they go on from a position; `undefined` for a checkpoint that does not. */
  #linked(at: LogPosition, steps: readonly ReadStep[], part: Part): SlotStep[] | undefined {
    let { slot, digest } = at;
    const linked: SlotStep[] = [];
    for (const step of steps) {
      if (step.step.previous !== digest) {
        if (typeof part !== "number") return undefined;
        if (slot === at.slot && slot > 0) throw this.#changed(slot);
        throw this.#broken(`slot ${slot + 1} does not follow slot ${slot}`);
      }
      slot++;
      digest = step.digest;
      linked.push({ ...step, slot });
    }
    return linked;
  }

  /** Spares those who come later from reading slot by slot. Nothing depends on it. */
  async #makeCheckpoints(blocks: readonly Block[]): Promise<void> {
    let steps: ReadStep[] = [];
    for (const block of blocks) {
      try {
        steps = await this.#stepsOf(block, steps);
        const bytes = encodeCheckpoint(block, steps);
        if (bytes === undefined) return;
        await this.#remote.create(checkpointKey(this.name, block), bytes, this.#call);
        const isPart = block === blocks.at(-1);
        if (isPart) this.#parts.remember((steps.at(-1) as ReadStep).digest, block.level, bytes);
      } catch (error) {
        if (!isArtifoldError(error)) throw error;
        return;
      }
    }
  }

  /** All steps of a block, of which the last part is known: of level 1 the slot that was just written. */
  async #stepsOf(block: Block, known: readonly ReadStep[]): Promise<ReadStep[]> {
    const level = block.level - 1;
    const parts: Part[] = Array.from({ length: 7 }, (_, at) =>
      level === 0 ? firstSlot(block) + at : { level, number: block.number * 8 + at },
    );
    const last = level === 0 ? [this.#kept.get(lastSlot(block)) as ReadStep] : known;
    const remembered = this.#recall(parts, level, last[0] as ReadStep);
    const steps: ReadStep[] = [];
    const read = async (part: Part) => remembered.get(part) ?? (await this.#readPart(part)).steps;
    for await (const some of sideBySide(parts, READS_AHEAD, read)) {
      if (some === undefined) throw this.#broken("a checkpoint is not there");
      steps.push(...some);
    }
    steps.push(...last);
    if (steps.length !== blockLength(block)) throw this.#broken("a checkpoint is not whole");
    return steps;
  }

  /** Those of the parts before a step that are remembered, from the last one back as far as there are any. They are used once. */
  #recall(parts: readonly Part[], level: number, before: ReadStep): Map<Part, readonly ReadStep[]> {
    const found = new Map<Part, readonly ReadStep[]>();
    let last = before.step.previous;
    for (const part of parts.toReversed()) {
      const steps = this.#remembered(part, last, level);
      const [first] = steps ?? [];
      if (steps === undefined || first === undefined) break;
      found.set(part, steps);
      last = first.step.previous;
    }
    return found;
  }

  #remembered(part: Part, last: Digest, level: number): readonly ReadStep[] | undefined {
    const bytes = this.#parts.get(last, level);
    if (bytes === undefined) return undefined;
    this.#parts.forget(last, level);
    try {
      const steps = typeof part === "number" ? [decodeSlot(bytes)] : decodeCheckpoint(part, bytes);
      return steps.at(-1)?.digest === last ? steps : undefined;
    } catch (error) {
      if (!isArtifoldError(error, "DAMAGED")) throw error;
      return undefined;
    }
  }

  #keep(slot: number, step: ReadStep): void {
    this.#kept.set(slot, step);
    if (this.#kept.size > KEPT_STEPS) this.#kept.delete(this.#kept.keys().next().value as number);
  }

  #broken(why: string): ArtifoldError {
    return new ArtifoldError("DAMAGED", `${this.#remote.url}: the log ${this.name} does not fit together: ${why}`, {
      info: { remote: this.#remote.url },
    });
  }

  #changed(slot: number): ArtifoldError {
    return new ArtifoldError(
      "DAMAGED",
      `${this.#remote.url} is not as it was: slot ${slot} of ${this.name} is another, or gone`,
      {
        info: { remote: this.#remote.url, isChanged: true },
        hint: "Somebody put the remote back to an older state, or this is another one at the same address. Nothing was changed here.",
      },
    );
  }
}

/** What is read at once: a checkpoint, or one slot. */
type Part = Block | number;

function idOf({ level, number }: Block): string {
  return `${level}:${number}`;
}

/** What to read to go on from a slot, with as few reads as checkpoints allow. */
function cover(from: number, last: number, blocks: readonly Block[]): Part[] {
  const byFirst = new Map<number, Block>();
  for (const block of blocks) {
    const known = byFirst.get(firstSlot(block));
    if (known === undefined || known.level < block.level) byFirst.set(firstSlot(block), block);
  }
  const parts: Part[] = [];
  for (let next = from + 1; ; ) {
    const block = byFirst.get(next);
    if (block === undefined && next > last) return parts;
    parts.push(block ?? next);
    next = block === undefined ? next + 1 : lastSlot(block) + 1;
  }
}
