/** One run of the index, of which as much is read as is needed. */
import type { Digest } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import { sideBySide } from "../platform/index.ts";
import type { Remote, RemoteCallOptions } from "../remote/index.ts";
import {
  findInPage,
  IndexFinding,
  type IndexHead,
  type IndexRow,
  openPage,
  pageRange,
  runLength,
} from "./index-run.ts";
import { readIndexHead } from "./index-tail.ts";

/** A digest that is looked for, as text and as bytes. */
export interface WantedDigest {
  readonly digest: Digest;
  readonly bytes: Buffer;
}

/** Which digests a run may have: from the first one on, and before the next run's first. */
export interface DigestRange {
  readonly from: Buffer;
  readonly before: Buffer | undefined;
}

/** A run up to this length is read whole at once. */
const WHOLE_BYTES: number = 512 * 1024;
/** Pages between two that are wanted, which are read with them rather than asked around. */
const GAP_PAGES = 32;
const PAGES_AT_ONCE = 1024;
const PAGES_KEPT = 4096;
const READS_AHEAD = 4;

/** A run that is being asked. */
export class LoadedRun {
  readonly #remote: Remote;
  readonly #key: string;
  readonly #call: RemoteCallOptions;
  readonly #range: DigestRange | undefined;
  readonly #pages = new Map<number, Buffer>();
  #loading: Promise<{ head: IndexHead; finding: IndexFinding } | undefined> | undefined;

  constructor(remote: Remote, key: string, call: RemoteCallOptions, range?: DigestRange) {
    this.#remote = remote;
    this.#key = key;
    this.#call = call;
    this.#range = range;
  }

  /** The rows of digests that it has. A run that is gone has none: what it had is in another by then. */
  async find(wanted: readonly WantedDigest[]): Promise<{ readonly digest: Digest; readonly row: IndexRow }[]> {
    const mine = wanted.filter(({ bytes }) => this.#mayHave(bytes));
    if (mine.length === 0) return [];
    this.#loading ??= this.#load();
    const loaded = await this.#loading;
    if (loaded === undefined) return [];
    const { head, finding } = loaded;
    const places = mine.map((each) => ({ ...each, pages: finding.pagesOf(each.bytes) }));
    await this.#loadPages(head, new Set(places.flatMap(({ pages }) => pages)));
    return places.flatMap(({ digest, bytes, pages }) =>
      pages.flatMap((page) => {
        const rows = this.#pages.get(page);
        return rows === undefined ? [] : [...findInPage(head, rows, bytes)].map((row) => ({ digest, row }));
      }),
    );
  }

  #mayHave(bytes: Buffer): boolean {
    if (this.#range === undefined) return true;
    const { from, before } = this.#range;
    const start = bytes.subarray(0, from.length);
    return Buffer.compare(start, from) >= 0 && (before === undefined || Buffer.compare(start, before) <= 0);
  }

  async #load(): Promise<{ head: IndexHead; finding: IndexFinding } | undefined> {
    const read = await readIndexHead(this.#remote, this.#key, this.#call);
    if (read === undefined) return undefined;
    const { head } = read;
    const length = runLength(head);
    const end = length <= WHOLE_BYTES ? length : head.pagesAt;
    const bytes = await this.#upTo(read.bytes, end);
    if (bytes === undefined) return undefined;
    const finding = new IndexFinding(head, bytes.subarray(head.fencesAt, head.pagesAt));
    for (let page = 0; ; page++) {
      const { offset, length: pageLength } = pageRange(head, page);
      if (pageLength === 0 || offset + pageLength > bytes.length) return { head, finding };
      this.#pages.set(page, openPage(bytes.subarray(offset, offset + pageLength)));
    }
  }

  /** The beginning of the run up to a place; `undefined` when it went meanwhile. */
  async #upTo(bytes: Uint8Array, end: number): Promise<Uint8Array | undefined> {
    if (bytes.length >= end) return bytes;
    const range = { offset: bytes.length, length: end - bytes.length };
    const rest = await this.#remote.read(this.#key, range, this.#call);
    if (rest === undefined) return undefined;
    if (rest.length !== range.length) throw this.#damaged();
    return Buffer.concat([bytes, rest]);
  }

  async #loadPages(head: IndexHead, pages: ReadonlySet<number>): Promise<void> {
    const missing = [...pages].filter((page) => !this.#pages.has(page)).sort((left, right) => left - right);
    if (this.#pages.size + missing.length > PAGES_KEPT) {
      for (const page of [...this.#pages.keys()]) if (!pages.has(page)) this.#pages.delete(page);
    }
    const spans = spansOf(missing);
    for await (const _ of sideBySide(spans, READS_AHEAD, (span) => this.#loadSpan(head, span))) {
      // What is read lies in the pages.
    }
  }

  async #loadSpan(head: IndexHead, { first, last }: Span): Promise<void> {
    const start = pageRange(head, first).offset;
    const end = pageRange(head, last).offset + pageRange(head, last).length;
    const bytes = await this.#remote.read(this.#key, { offset: start, length: end - start }, this.#call);
    if (bytes === undefined) return;
    if (bytes.length !== end - start) throw this.#damaged();
    for (let page = first; page <= last; page++) {
      const { offset, length } = pageRange(head, page);
      this.#pages.set(page, openPage(bytes.subarray(offset - start, offset - start + length)));
    }
  }

  #damaged(): ArtifoldError {
    return new ArtifoldError("DAMAGED", `${this.#remote.url}: the index in ${this.#key} ends too early`, {
      info: { remote: this.#remote.url },
    });
  }
}

interface Span {
  first: number;
  last: number;
}

/** Pages that are read together. */
function spansOf(pages: readonly number[]): Span[] {
  const spans: Span[] = [];
  for (const page of pages) {
    const span = spans.at(-1);
    if (span !== undefined && page - span.last <= GAP_PAGES && page - span.first < PAGES_AT_ONCE) span.last = page;
    else spans.push({ first: page, last: page });
  }
  return spans;
}
