/** The names of a folder in order, however many they are. */
import { Breather, type FileSystem, type NameKind } from "../platform/index.ts";

/** A name in a folder, and what it is as far as the folder itself says. */
export interface FolderName {
  readonly name: string;
  readonly kind: NameKind;
}

/** Reads the names of a folder that a filter lets through, and gives them in the order of their characters. */
export async function sortedNames(
  fs: FileSystem,
  folder: string,
  isWanted: (name: string) => boolean,
  signal: AbortSignal | undefined,
): Promise<Iterable<FolderName>> {
  const breather = new Breather(signal);
  const names = new SortedRuns<FolderName>();
  const reader = fs.openFolder(folder);
  try {
    const onName = (name: string, kind: NameKind): void => {
      if (isWanted(name)) names.add({ name, kind });
    };
    while (reader.next(256, onName)) {
      if (breather.due()) await breather.pause();
    }
  } finally {
    reader.close();
  }
  return names.inOrder();
}

const RUN_NAMES = 4096;

interface Named {
  readonly name: string;
}

/** Sorts names in runs as they come and merges these while they are given: a million do not hold up the process. */
export class SortedRuns<Item extends Named> {
  readonly #runs: Item[][] = [];
  #run: Item[] = [];

  add(item: Item): void {
    this.#run.push(item);
    if (this.#run.length >= RUN_NAMES) this.#seal();
  }

  /** All of them, by name. Nothing is added after it. */
  inOrder(): Iterable<Item> {
    this.#seal();
    return merged(this.#runs);
  }

  #seal(): void {
    this.#runs.push(this.#run.sort((one, other) => (one.name < other.name ? -1 : 1)));
    this.#run = [];
  }
}

/** Merges sorted runs, two halves at a time. */
function merged<Item extends Named>(runs: readonly Item[][]): Iterable<Item> {
  if (runs.length <= 1) return runs[0] ?? [];
  const half = runs.length >> 1;
  return mergedTwo(merged(runs.slice(0, half)), merged(runs.slice(half)));
}

function* mergedTwo<Item extends Named>(one: Iterable<Item>, other: Iterable<Item>): Generator<Item, void, undefined> {
  const [left, right] = [one[Symbol.iterator](), other[Symbol.iterator]()];
  let [first, second] = [left.next(), right.next()];
  while (first.done !== true && second.done !== true) {
    if (first.value.name < second.value.name) {
      yield first.value;
      first = left.next();
    } else {
      yield second.value;
      second = right.next();
    }
  }
  for (; first.done !== true; first = left.next()) yield first.value;
  for (; second.done !== true; second = right.next()) yield second.value;
}
