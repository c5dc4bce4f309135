/** JSON and lines of JSON: rows of objects as a table, all else as names and values. */
import type { JSX } from "preact";
import type { Json } from "../../client/index.ts";
import { JsonView } from "../artifacts/json-view.tsx";
import { Awaited } from "../parts/bits.tsx";
import { useLoad } from "../parts/load.ts";
import { count, size } from "../parts/text.ts";
import { Rows } from "./rows.tsx";
import { type PreviewProps, readRange } from "./source.ts";
import { Text } from "./text.tsx";

/** A document is parsed as a whole, and only up to this size. */
const PARSED_MAX_BYTES = 2_097_152;
const ROWS_SHOWN = 200;

/** The preview. What does not parse is shown as text. */
export function JsonFile(props: PreviewProps & { readonly isLines: boolean }): JSX.Element {
  const { source, head, isLines } = props;
  const isSmall = isLines || head.size <= PARSED_MAX_BYTES;
  const value = useLoad(isSmall ? `json/${JSON.stringify(source)}` : "", async (signal) => {
    if (isLines) return linesOf(head.bytes, head.bytes.length >= head.size);
    const bytes = head.bytes.length >= head.size ? head.bytes : await readRange(source, 0, head.size, signal);
    return parse(new TextDecoder().decode(bytes));
  });
  if (!isSmall) return <Text {...props} />;
  return (
    <Awaited of={value} what="file">
      {(parsed) => (parsed === undefined ? <Text {...props} /> : <Shown value={parsed} bytes={head.size} />)}
    </Awaited>
  );
}

function Shown({ value, bytes }: { readonly value: Json; readonly bytes: number }): JSX.Element {
  if (!isRows(value)) return <JsonView value={value} />;
  const rows = value.slice(0, ROWS_SHOWN);
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return (
    <div class="stack">
      <Rows columns={columns} rows={rows.map((row) => columns.map((column) => row[column]))} />
      <p class="soft small">
        The first {count(rows.length)} rows; {size(bytes)} in all.
      </p>
    </div>
  );
}

function isRows(value: Json): value is readonly { readonly [key: string]: Json }[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((row) => typeof row === "object" && row !== null && !Array.isArray(row))
  );
}

function linesOf(bytes: Uint8Array, isWhole: boolean): Json | undefined {
  const lines = new TextDecoder().decode(bytes, { stream: !isWhole }).split("\n");
  if (!isWhole) lines.pop();
  const values = lines
    .filter((line) => line.trim() !== "")
    .slice(0, ROWS_SHOWN)
    .map(parse);
  return values.includes(undefined) ? undefined : (values as Json[]);
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
