/** Sends many files to a draft: small ones together, and some requests at once. */
import type { DraftFile } from "./views.ts";

/** A file to send. */
export interface FileToSend {
  /** Its path in the version. */
  readonly path: string;
  readonly content: Blob | Uint8Array<ArrayBuffer>;
  readonly executable?: boolean;
}

/** How to send files. */
export interface SendOptions {
  readonly signal?: AbortSignal | undefined;
  /** Hears of files that the server has, some at a time. */
  readonly onSent?: (files: readonly DraftFile[]) => void;
}

/** One request: a file, or several that are small. */
export type Sending = readonly [FileToSend, ...FileToSend[]];

/** Requests at work at once. */
const AT_ONCE = 4;
/** Files up to this size go together with others, until there are so many or they have so many bytes. */
const SMALL_BYTES: number = 1024 * 1024;
const TOGETHER_BYTES: number = 4 * 1024 * 1024;
const TOGETHER_FILES = 500;

/** Which files go together, in their order. */
export function* sendings(files: Iterable<FileToSend>): Generator<Sending, void, undefined> {
  let together: FileToSend[] = [];
  let bytes = 0;
  for (const file of files) {
    const size = sizeOf(file);
    if (size > SMALL_BYTES) {
      yield [file];
      continue;
    }
    if (bytes + size > TOGETHER_BYTES || together.length === TOGETHER_FILES) {
      yield together as unknown as Sending;
      together = [];
      bytes = 0;
    }
    together.push(file);
    bytes += size;
  }
  if (together.length > 0) yield together as unknown as Sending;
}

/** Does some things at once, as many as a server likes. When one fails no other is begun, and those at work are waited for. */
export async function someAtOnce<Item>(items: Iterable<Item>, action: (item: Item) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let hasFailed = false;
  const work = async (): Promise<void> => {
    for (let next = iterator.next(); !hasFailed && next.done !== true; next = iterator.next()) {
      try {
        await action(next.value);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, work));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

/** The body of `putFiles`: of each file a line that says what it is, then its bytes. */
export function bodyOf(files: readonly FileToSend[]): Blob {
  return new Blob(
    files.flatMap((file) => {
      const { path, executable, content } = file;
      const line = JSON.stringify({ path, size: sizeOf(file), ...(executable === true && { executable }) });
      return [`${line}\n`, content];
    }),
  );
}

function sizeOf({ content }: FileToSend): number {
  return content instanceof Blob ? content.size : content.byteLength;
}
