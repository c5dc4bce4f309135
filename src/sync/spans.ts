/** Reads many places of packs with few requests: neighbours are read together. */
import { type PackName, packKey, type RemotePlace } from "../logs/index.ts";
import { sideBySide } from "../platform/index.ts";
import type { Remote, RemoteCallOptions } from "../remote/index.ts";

/** The longest range that is asked for at once. */
const SPAN_BYTES_MAX: number = 8 * 1024 * 1024;
/** Ranges that are read at once: with their length, how much memory that takes. */
const SPANS_AT_ONCE = 6;

/** Something at a place. */
export interface Placed {
  readonly place: RemotePlace;
}

/** Some places of one pack that were read together. */
export interface ReadSpan<Item extends Placed> {
  readonly items: readonly Item[];
  /** The bytes at a place, with what is behind it; `undefined` where the pack is gone, or ends before. */
  bytesOf(item: Item): Uint8Array | undefined;
}

interface Span<Item> {
  readonly pack: PackName;
  readonly items: Item[];
  readonly offset: number;
  end: number;
}

/** Reads what lies at places. What is gone is told, and no error. */
export function readSpans<Item extends Placed>(
  remote: Remote,
  items: Iterable<Item>,
  call: RemoteCallOptions,
): AsyncGenerator<ReadSpan<Item>, void, undefined> {
  const spans = spansOf(items, remote.traits.requestBytes);
  return sideBySide(spans, SPANS_AT_ONCE, (span) => readSpan(remote, span, call), call.signal);
}

async function readSpan<Item extends Placed>(
  remote: Remote,
  { pack, items, offset, end }: Span<Item>,
  call: RemoteCallOptions,
): Promise<ReadSpan<Item>> {
  const bytes = await remote.read(packKey(pack), { offset, length: end - offset }, call);
  return {
    items,
    bytesOf({ place }) {
      const from = place.offset - offset;
      if (bytes === undefined || from + place.length > bytes.length) return undefined;
      return bytes.subarray(from, from + place.length + place.extra);
    },
  };
}

/** Places in the order of packs and offsets, joined where what lies between costs less than a request. */
function spansOf<Item extends Placed>(items: Iterable<Item>, gapBytes: number): Span<Item>[] {
  const sorted = [...items].sort((left, right) => {
    if (left.place.pack !== right.place.pack) return left.place.pack < right.place.pack ? -1 : 1;
    return left.place.offset - right.place.offset;
  });
  const spans: Span<Item>[] = [];
  for (const item of sorted) {
    const { pack, offset, length, extra } = item.place;
    const end = offset + length + extra;
    const span = spans.at(-1);
    const isNear = span !== undefined && span.pack === pack && offset - span.end <= gapBytes;
    if (isNear && Math.max(span.end, end) - span.offset <= SPAN_BYTES_MAX) {
      span.items.push(item);
      span.end = Math.max(span.end, end);
    } else {
      spans.push({ pack, items: [item], offset, end });
    }
  }
  return spans;
}
