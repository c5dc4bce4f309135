/**
 * The names of one folder: they come as the file system gives them, and are taken in path order. There may be a million of
 * them, and they wait while all of the folder is worked through: those of a large folder are sorted in parts, each is packed
 * into few texts, and what was taken is let go.
 */
import { comparePaths } from "../manifest/index.ts";

/** Names that are sorted together. */
const PART_NAMES = 16_384;
const NAMES_IN_TEXT = 256;

/** Names that are added, then taken. */
export class NameQueue {
  readonly #separator: string;
  /** What was not packed: all of a small folder. */
  #names: string[] = [];
  #next = 0;
  /** A binary heap by what each has next. */
  #parts: PackedNames[] = [];
  /** Whether UTF-16 units order some name in another way than its bytes do. */
  #hasSurrogates = false;

  /** @param separator what cannot stand in a name, nor where two meet */
  constructor(separator: string) {
    this.#separator = separator;
  }

  add(name: string, hasSurrogates: boolean): void {
    this.#hasSurrogates ||= hasSurrogates;
    this.#names.push(name);
    if (this.#names.length === PART_NAMES) this.#pack();
  }

  /** Ends adding. @param isLeftOut says of names that they are not meant after all */
  finish(isLeftOut?: (name: string) => boolean): void {
    if (this.#parts.length > 0) this.#pack();
    if (isLeftOut !== undefined) {
      this.#names = this.#names.filter((name) => !isLeftOut(name));
      for (const part of this.#parts) part.isLeftOut = isLeftOut;
    }
    this.#sort();
    this.#parts = this.#parts.filter((part) => part.advance());
    // Sorted, it is a heap.
    this.#parts.sort((left, right) => comparePaths(left.first, right.first));
  }

  /** Whether there is nothing to take. */
  get isEmpty(): boolean {
    return this.#next === this.#names.length && this.#parts.length === 0;
  }

  /** The next name; `undefined` after the last. */
  take(): string | undefined {
    const [part] = this.#parts;
    if (part === undefined) return this.#names[this.#next++];
    const { first } = part;
    if (!part.advance()) {
      const last = this.#parts.pop() as PackedNames;
      if (this.#parts.length > 0) this.#parts[0] = last;
    }
    this.#settleFirst();
    return first;
  }

  #sort(): void {
    // The default order compares UTF-16 units, which is the order of UTF-8 bytes unless there are surrogates.
    if (this.#hasSurrogates) this.#names.sort(comparePaths);
    else this.#names.sort();
  }

  #pack(): void {
    this.#sort();
    this.#parts.push(new PackedNames(this.#names, this.#separator));
    this.#names = [];
  }

  /** Brings the first part to its place after it went on. */
  #settleFirst(): void {
    const parts = this.#parts;
    for (let at = 0; ; ) {
      let least = at;
      for (let below = 2 * at + 1; below <= 2 * at + 2 && below < parts.length; below++) {
        if (comparePaths((parts[below] as PackedNames).first, (parts[least] as PackedNames).first) < 0) least = below;
      }
      if (least === at) return;
      [parts[at], parts[least]] = [parts[least] as PackedNames, parts[at] as PackedNames];
      at = least;
    }
  }
}

/** Sorted names, many in one text: a text has a head and a place in memory only once. */
class PackedNames {
  readonly #separator: string;
  /** The last one first. */
  readonly #texts: string[] = [];
  #names: readonly string[] = [];
  #next = 0;
  isLeftOut: ((name: string) => boolean) | undefined;
  /** The name that comes next, once there was an {@link advance}. */
  first = "";

  constructor(names: readonly string[], separator: string) {
    this.#separator = separator;
    for (let from = 0; from < names.length; from += NAMES_IN_TEXT) {
      this.#texts.push(names.slice(from, from + NAMES_IN_TEXT).join(separator));
    }
    this.#texts.reverse();
  }

  /** Goes to the next name, or the first; false when there is none. */
  advance(): boolean {
    do {
      if (this.#next === this.#names.length) {
        const text = this.#texts.pop();
        if (text === undefined) return false;
        this.#names = text.split(this.#separator);
        this.#next = 0;
      }
      this.first = this.#names[this.#next++] as string;
    } while (this.isLeftOut?.(this.first) === true);
    return true;
  }
}
