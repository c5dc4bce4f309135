/** The names of a folder in order, however many they are. */
import { Breather, type FileSystem, type NameKind } from "../platform/index.ts";

/** A name in a folder, and what it is as far as the folder itself says. */
export interface FolderName {
  readonly name: string;
  readonly kind: NameKind;
}

const RUN_NAMES = 4096;

/**
 * Reads the names of a folder that a filter lets through, and gives them in the order of their characters. They are sorted
 * in runs that are merged while they are given, so that a million names do not hold up the process.
 */
export async function sortedNames(
  fs: FileSystem,
  folder: string,
  isWanted: (name: string) => boolean,
  signal: AbortSignal | undefined,
): Promise<Iterable<FolderName>> {
  const breather = new Breather(signal);
  const runs: FolderName[][] = [];
  let run: FolderName[] = [];
  const seal = (): void => {
    runs.push(run.sort((one, other) => (one.name < other.name ? -1 : 1)));
    run = [];
  };
  const reader = fs.openFolder(folder);
  try {
    const onName = (name: string, kind: NameKind): void => {
      if (isWanted(name)) run.push({ name, kind });
    };
    while (reader.next(256, onName)) {
      if (run.length >= RUN_NAMES) seal();
      if (breather.due()) await breather.pause();
    }
  } finally {
    reader.close();
  }
  seal();
  return merged(runs);
}

/** Merges sorted runs, two halves at a time. */
function merged(runs: readonly FolderName[][]): Iterable<FolderName> {
  if (runs.length <= 1) return runs[0] ?? [];
  const half = runs.length >> 1;
  return mergedTwo(merged(runs.slice(0, half)), merged(runs.slice(half)));
}

function* mergedTwo(one: Iterable<FolderName>, other: Iterable<FolderName>): Generator<FolderName, void, undefined> {
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
