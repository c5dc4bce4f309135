/** Rows of a long file with the way to the next ones and back. */
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { Awaited, Button } from "../parts/bits.tsx";
import { useLoad } from "../parts/load.ts";
import { count, size } from "../parts/text.ts";
import { type RowPage, type RowParser, readRowPage } from "./row-pages.ts";
import { type PreviewProps, readRange } from "./source.ts";

/** Rows of a page. */
export const PAGE_ROWS = 200;

/** Where a page is, for what shows it. */
export interface PageOf<Row> extends RowPage<Row> {
  /** Rows of the file before it. */
  readonly before: number;
}

/** What is told of a file of rows. */
export interface PagedProps<Row> extends PreviewProps {
  /** Byte at which its rows begin: behind the names of its columns. */
  readonly start?: number;
  readonly parse: RowParser<Row>;
  /** What else is told of the file. */
  readonly told?: string;
  readonly children: (page: PageOf<Row>) => ComponentChildren;
}

/** The page that is looked at, and the buttons. Only ever a page is here, and each is read when it is looked at. */
export function Paged<Row>({ source, head, start = 0, parse, told, children }: PagedProps<Row>): JSX.Element {
  const [pages, setPages] = useState<readonly Before[]>([{ start, before: 0 }]);
  const at = pages.at(-1) ?? { start, before: 0 };
  const page = useLoad(`rows/${JSON.stringify(source)}/${head.digest}/${at.start}`, (signal) =>
    readRowPage(
      {
        start: at.start,
        size: head.size,
        rows: PAGE_ROWS,
        ...(at.start < head.bytes.length && { known: head.bytes.subarray(at.start) }),
      },
      parse,
      async (from, to) => new Uint8Array(await readRange(source, from, to, signal)),
    ),
  );
  return (
    <Awaited of={page} what="rows">
      {({ rows, end }) => (
        <div class="stack">
          {children({ rows, end, before: at.before })}
          <div class="pager small soft">
            <span>
              <span aria-live="polite">{spoken(at.before, rows.length, { end, size: head.size })}</span>
              {told !== undefined && ` ${told}.`}
            </span>
            {(pages.length > 1 || end < head.size) && (
              <span class="actions">
                <Button icon="left" isDisabled={pages.length === 1} onClick={() => setPages(pages.slice(0, -1))}>
                  Rows before
                </Button>
                <Button
                  icon="right"
                  isDisabled={end >= head.size}
                  onClick={() => setPages([...pages, { start: end, before: at.before + rows.length }])}
                >
                  Rows after
                </Button>
              </span>
            )}
          </div>
        </div>
      )}
    </Awaited>
  );
}

/** Where a page begins. */
interface Before {
  readonly start: number;
  readonly before: number;
}

function spoken(before: number, rows: number, file: { readonly end: number; readonly size: number }): string {
  const whole = size(file.size);
  if (rows === 0 && file.size > 0) return `No row that is short enough to be shown. ${whole} in all.`;
  const isAll = before === 0 && file.end >= file.size;
  const range = isAll ? `${count(rows)} rows` : `Rows ${count(before + 1)} to ${count(before + rows)}`;
  return file.end >= file.size ? `${range}, to the end. ${whole} in all.` : `${range}. ${whole} in all.`;
}
