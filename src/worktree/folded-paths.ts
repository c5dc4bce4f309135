/** Remembers paths by what they fold to, to find those that some file systems take for one. */
import { murmur3 } from "../manifest/index.ts";

/** How many are remembered at most. */
const REMEMBERED_MAX = 200_000;

/** Paths that came, by what they fold to. Most fold to themselves: of these a few bytes are enough. */
export class FoldedPaths {
  readonly #plain = new TextMarks();
  /** The others, by what they fold to. */
  readonly #paths = new Map<string, string>();

  /** Looks for another path that folds to the same as this one, and else remembers it. */
  look(path: string, folded: string): string | undefined {
    const other = this.#paths.get(folded) ?? (folded !== path && this.#plain.has(folded) ? folded : undefined);
    if (other !== undefined) return other === path ? undefined : other;
    if (this.#plain.count + this.#paths.size >= REMEMBERED_MAX) return undefined;
    if (folded === path) this.#plain.add(path);
    else this.#paths.set(folded, path);
    return undefined;
  }
}

const FIRST_SLOTS = 64;
/** Slots are looked at one after another: with more of them in use than this, that takes long. */
const FULL = 0.75;

/** Texts of which only 64 bits are kept: two of hundreds of thousands look the same once in a billion times. */
class TextMarks {
  /** Open addressing; two numbers a text, of which the first is never 0. */
  #slots = new Uint32Array(2 * FIRST_SLOTS);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  has(text: string): boolean {
    markOf(text);
    return this.#slots[slotOf(this.#slots)] !== 0;
  }

  add(text: string): void {
    if (this.#count >= (this.#slots.length / 2) * FULL) this.#grow();
    markOf(text);
    const slot = slotOf(this.#slots);
    if (this.#slots[slot] === 0) this.#count++;
    this.#slots.set(mark, slot);
  }

  #grow(): void {
    const slots = this.#slots;
    const more = new Uint32Array(slots.length * 2);
    for (let slot = 0; slot < slots.length; slot += 2) {
      if (slots[slot] === 0) continue;
      mark.set(slots.subarray(slot, slot + 2));
      more.set(mark, slotOf(more));
    }
    this.#slots = more;
  }
}

/** The mark that is being looked for; used within one call only. */
const mark = new Uint32Array(2);

/** The slot that holds the mark, or would. */
function slotOf(slots: Uint32Array): number {
  const first = mark[0] as number;
  const second = mark[1] as number;
  const mask = slots.length - 1;
  for (let slot = (second * 2) & mask; ; slot = (slot + 2) & mask) {
    if (slots[slot] === 0 || (slots[slot] === first && slots[slot + 1] === second)) return slot;
  }
}

/** A text as bytes; used within one call only. */
let bytes = Buffer.alloc(1024);

function markOf(text: string): void {
  // No UTF-16 unit takes more than three bytes.
  if (bytes.length < text.length * 3) bytes = Buffer.alloc(text.length * 3);
  const length = bytes.write(text, "utf8");
  mark[0] = murmur3(bytes, 0, length, 0) || 1;
  mark[1] = murmur3(bytes, 0, length, 1);
}
