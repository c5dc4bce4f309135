/**
 * Reads content window by window, several at once: while one is looked at, the next are read, cut and hashed.
 *
 * Where the first chunk of a window begins is known only when the window before is cut. No thread waits for that: each cuts
 * as if one began where its window does. Cuts follow the content, so that after a few chunks they fall where they should;
 * what comes before is cut once more when the windows are put one after another. The chunks are the same as if all had been
 * cut in one go.
 */
import { DIGEST_BYTES } from "../digest/index.ts";
import { throwIfAborted } from "../errors.ts";
import type { ContentPort } from "./content-pool.ts";
import type { ChunkColumns, WindowChunked, WindowRechunked } from "./read-request.ts";
import type { WindowedContent } from "./windowed-content.ts";
import { WINDOW_STEP_BYTES, type Window, type Windows } from "./windows.ts";

/** A window whose content is cut and hashed. */
export interface WindowInWork {
  readonly window: Window;
  readonly chunks: ChunkColumns;
  /** The bytes of the chunks. */
  readonly bytes: Uint8Array;
  /** What is in the window before the next one begins: of all windows of some content, the content. */
  readonly own: Uint8Array;
}

/** Where windows are worked on. */
export interface WindowReaders {
  readonly windows: Windows;
  /** Somebody who reads, cuts and hashes. */
  next(): ContentPort;
  /** Does so here and now: for the little that is cut once more. */
  readonly inPlace: ContentPort;
}

/** A window that was cut as if a chunk began with it. */
interface Ahead {
  readonly window: Window;
  readonly chunked: WindowChunked;
  readonly isEnd: boolean;
}

/** How many windows are worked on while one is looked at. */
const WINDOWS_AHEAD = 3;

/** The windows of content, in order. Each belongs to whoever asked for it. */
export async function* readWindows(
  source: WindowedContent,
  readers: WindowReaders,
  signal: AbortSignal | undefined,
): AsyncGenerator<WindowInWork, void, undefined> {
  const { windows } = readers;
  const ahead: Promise<Ahead | undefined>[] = [];
  let isFilled = Promise.resolve(false);
  const goOn = (): void => {
    const filled = isFilled.then((isEnd) => (isEnd ? undefined : fillNext(source, readers)));
    isFilled = filled.then((next) => next === undefined || next.isEnd);
    const chunked = filled.then((next) => next && aheadOf(next, windows));
    // A failure is met by whoever awaits it, and ends no process until then.
    for (const each of [isFilled, chunked]) each.catch(() => {});
    ahead.push(chunked);
  };
  for (let count = 0; count < WINDOWS_AHEAD; count++) goOn();
  try {
    for (let from = 0; ; ) {
      throwIfAborted(signal);
      goOn();
      const current = await ahead[0];
      ahead.shift();
      if (current === undefined) return;
      const next = await windows.within(current.window, () => inWork(current, from, readers.inPlace));
      from += next.bytes.length - WINDOW_STEP_BYTES;
      yield next;
    }
  } finally {
    for (const left of await Promise.allSettled(ahead)) {
      if (left.status === "fulfilled" && left.value !== undefined) windows.giveBack(left.value.window);
    }
  }
}

/** A window that is being worked on. */
type Filling = Omit<Ahead, "chunked"> & { readonly chunked: Promise<WindowChunked> };

async function fillNext(source: WindowedContent, readers: WindowReaders): Promise<Filling> {
  await source.ready();
  const { windows } = readers;
  const window = await windows.take();
  return windows.within(window, async () => ({ window, ...source.fill(readers.next(), window) }));
}

async function aheadOf(filling: Filling, windows: Windows): Promise<Ahead> {
  return { ...filling, chunked: await windows.within(filling.window, () => filling.chunked) };
}

/** The chunks of a window. @param from where in it the first does begin */
async function inWork({ window, chunked, isEnd }: Ahead, from: number, inPlace: ContentPort): Promise<WindowInWork> {
  const { read: length, lengths: known } = chunked;
  const request = { op: "rechunk", window: window.number, from, length, isEnd, known } as const;
  const chunks = from === 0 ? chunked : joined(await inPlace.request<WindowRechunked>(request), chunked);
  const end = chunks.lengths.reduce((sum, each) => sum + each, from);
  const own = window.bytes.subarray(0, isEnd ? end : WINDOW_STEP_BYTES);
  return { window, chunks, bytes: window.bytes.subarray(from, end), own };
}

/** Chunks that were cut once more, and those after them that were right. */
function joined(first: WindowRechunked, { digests, lengths, arePlain }: ChunkColumns): ChunkColumns {
  const { from, instead } = first;
  return {
    from,
    digests: Buffer.concat([first.digests, digests.subarray(instead * DIGEST_BYTES)]),
    lengths: Uint32Array.from([...first.lengths, ...lengths.subarray(instead)]),
    arePlain: first.arePlain && arePlain,
  };
}
