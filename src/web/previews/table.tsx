/** Comma- and tab-separated values as a table. */
import type { JSX } from "preact";
import { Awaited } from "../parts/bits.tsx";
import { useLoad } from "../parts/load.ts";
import { counted } from "../parts/text.ts";
import { readCsv } from "./csv.ts";
import { Paged } from "./paged.tsx";
import { readRowPage } from "./row-pages.ts";
import { Rows } from "./rows.tsx";
import { type PreviewProps, readRange } from "./source.ts";

/** The rows, a page at a time. The first of the file is taken as the names of the columns. */
export function Table({ separator, ...props }: PreviewProps & { readonly separator: string }): JSX.Element {
  const { source, head } = props;
  const parse = (text: string, rowsMax: number, isWhole: boolean) => readCsv(text, separator, rowsMax, isWhole);
  const names = useLoad(`names/${JSON.stringify(source)}/${head.digest}`, (signal) =>
    readRowPage(
      { start: 0, size: head.size, rows: 1, known: head.bytes },
      parse,
      async (from, to) => new Uint8Array(await readRange(source, from, to, signal)),
    ),
  );
  return (
    <Awaited of={names} what="table">
      {({ rows: [columns = []], end }) => (
        <Paged {...props} start={end} parse={parse} told={counted(columns.length, "column")}>
          {({ rows, before }) => <Rows columns={columns} rows={rows} before={before} />}
        </Paged>
      )}
    </Awaited>
  );
}
