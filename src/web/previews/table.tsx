/** Comma- and tab-separated values as a table. */
import type { JSX } from "preact";
import { count, size } from "../parts/text.ts";
import { readCsv } from "./csv.ts";
import { Rows } from "./rows.tsx";
import type { PreviewProps } from "./source.ts";

const ROWS_SHOWN = 200;

/** The first rows. The first of them is taken as the names of the columns. */
export function Table({ head, separator }: PreviewProps & { readonly separator: string }): JSX.Element {
  const isWhole = head.bytes.length >= head.size;
  const text = new TextDecoder().decode(head.bytes, { stream: !isWhole });
  const { rows, isCut } = readCsv(text, separator, ROWS_SHOWN + 1, isWhole);
  const [columns = [], ...body] = rows;
  return (
    <div class="stack">
      <Rows columns={columns} rows={body} />
      <p class="soft small">
        {isCut ? `The first ${count(body.length)} rows` : `${count(body.length)} rows`}, {columns.length} columns.{" "}
        {size(head.size)} in all.
      </p>
    </div>
  );
}
