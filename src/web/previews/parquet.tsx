/** Parquet: its columns and its first rows, read by ranges. */
import { type FileMetaData, parquetMetadataAsync, parquetReadObjects, parquetSchema } from "hyparquet";
import {
  decompressBrotli,
  decompressGzip,
  decompressLz4,
  decompressLz4Raw,
  decompressZstd,
} from "hyparquet-compressors";
import type { JSX } from "preact";
import { Awaited } from "../parts/bits.tsx";
import { useLoad } from "../parts/load.ts";
import { counted, size } from "../parts/text.ts";
import { Rows } from "./rows.tsx";
import { type FileSource, type PreviewProps, readRange } from "./source.ts";

const ROWS_SHOWN = 100;
/** Of a row group all columns are read: beyond this size its rows are not. */
const GROUP_MAX_BYTES = 67_108_864;

/** Snappy is read by hyparquet itself; its other reader is WebAssembly, which the page's policy refuses. */
const compressors = {
  GZIP: decompressGzip,
  BROTLI: decompressBrotli,
  ZSTD: (input: Uint8Array) => decompressZstd(input),
  LZ4: decompressLz4,
  LZ4_RAW: decompressLz4Raw,
};

interface ParquetHead {
  readonly metadata: FileMetaData;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[] | undefined;
}

/** The preview. */
export function Parquet({ source, head }: PreviewProps): JSX.Element {
  const read = useLoad(`parquet/${JSON.stringify(source)}`, () => readParquet(source, head.size));
  return (
    <Awaited of={read} what="Parquet file">
      {({ metadata, columns, rows }) => (
        <div class="stack">
          <p class="soft small">
            {counted(Number(metadata.num_rows), "row")} in {counted(metadata.row_groups.length, "row group")},{" "}
            {counted(columns.length, "column")}; {size(head.size)} in all.
          </p>
          {rows === undefined ? (
            <p class="soft">Its first row group is larger than {size(GROUP_MAX_BYTES)}: rows are not shown.</p>
          ) : (
            <Rows columns={columns} rows={rows} />
          )}
        </div>
      )}
    </Awaited>
  );
}

async function readParquet(source: FileSource, bytes: number): Promise<ParquetHead> {
  const file = { byteLength: bytes, slice: (start: number, end = bytes) => readRange(source, start, end) };
  const metadata = await parquetMetadataAsync(file);
  const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
  const group = metadata.row_groups[0];
  const groupBytes = group?.columns.reduce(
    (sum, { meta_data }) => sum + Number(meta_data?.total_compressed_size ?? 0),
    0,
  );
  if ((groupBytes ?? 0) > GROUP_MAX_BYTES) return { metadata, columns, rows: undefined };
  const rowEnd = Math.min(ROWS_SHOWN, Number(metadata.num_rows));
  const rows = await parquetReadObjects({ file, metadata, rowStart: 0, rowEnd, compressors });
  return { metadata, columns, rows: rows.map((row) => columns.map((column) => row[column])) };
}
