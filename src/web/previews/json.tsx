/** JSON and lines of JSON: rows of objects as a table, all else as names and values. */
import type { JSX } from "preact";
import type { Json } from "../../client/index.ts";
import { JsonView } from "../artifacts/json-view.tsx";
import { Awaited } from "../parts/bits.tsx";
import { useLoad } from "../parts/load.ts";
import { count, size } from "../parts/text.ts";
import { parseJson, readJsonLines } from "./json-lines.ts";
import { PAGE_ROWS, Paged } from "./paged.tsx";
import { Rows } from "./rows.tsx";
import { type PreviewProps, readRange } from "./source.ts";
import { Text } from "./text.tsx";

/** A document is parsed as a whole, and only up to this size. */
const PARSED_MAX_BYTES = 2_097_152;

/** The preview of a document. What does not parse is shown as text. */
export function JsonFile(props: PreviewProps): JSX.Element {
  const { source, head } = props;
  const isSmall = head.size <= PARSED_MAX_BYTES;
  const value = useLoad(isSmall ? `json/${JSON.stringify(source)}` : "", async (signal) => {
    const bytes = head.bytes.length >= head.size ? head.bytes : await readRange(source, 0, head.size, signal);
    return parseJson(new TextDecoder().decode(bytes));
  });
  if (!isSmall) return <Text {...props} />;
  return (
    <Awaited of={value} what="file">
      {(parsed) => (parsed === undefined ? <Text {...props} /> : <Document value={parsed} bytes={head.size} />)}
    </Awaited>
  );
}

function Document({ value, bytes }: { readonly value: Json; readonly bytes: number }): JSX.Element {
  if (!Array.isArray(value) || !isRows(value)) return <JsonView value={value} />;
  const rows = value.slice(0, PAGE_ROWS);
  return (
    <div class="stack">
      <Objects rows={rows} before={0} />
      <p class="soft small">
        {rows.length < value.length ? `The first ${count(rows.length)} of ${count(value.length)}` : count(rows.length)}{" "}
        rows; {size(bytes)} in all.
      </p>
    </div>
  );
}

/** The preview of lines of JSON. A file whose first lines are none is shown as text. */
export function JsonLinesFile(props: PreviewProps): JSX.Element {
  const { bytes, size: all } = props.head;
  const isWhole = bytes.length >= all;
  const first = readJsonLines(new TextDecoder().decode(bytes, { stream: !isWhole }), PAGE_ROWS, isWhole);
  if (first.rows.includes(undefined)) return <Text {...props} />;
  return (
    <Paged {...props} parse={readJsonLines}>
      {({ rows, before }) => {
        const values = rows.map((row) => row ?? { "": "no JSON" });
        return isRows(values) ? <Objects rows={values} before={before} /> : <JsonView value={values} />;
      }}
    </Paged>
  );
}

type JsonRow = { readonly [key: string]: Json };

function Objects({ rows, before }: { readonly rows: readonly JsonRow[]; readonly before: number }): JSX.Element {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return <Rows columns={columns} rows={rows.map((row) => columns.map((column) => row[column]))} before={before} />;
}

function isRows(values: readonly Json[]): values is readonly JsonRow[] {
  return values.length > 0 && values.every((row) => typeof row === "object" && row !== null && !Array.isArray(row));
}
