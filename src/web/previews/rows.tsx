/** Rows and columns of a file's beginning. */
import type { JSX } from "preact";
import { count, plainText } from "../parts/text.ts";

const CELL_MAX = 300;
const COLUMNS_MAX = 100;

/** What is shown as a table. */
export interface RowsProps {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  /** Rows that stand before these. */
  readonly before?: number;
}

/** A table that scrolls in its place. Numbers stand at the right. */
export function Rows({ columns, rows, before = 0 }: RowsProps): JSX.Element {
  const shown = columns.slice(0, COLUMNS_MAX);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <section class="table-box preview-table" tabIndex={0} aria-label="Rows of the file">
      <table class="table">
        <thead>
          <tr>
            <th scope="col" class="number">
              <span class="unseen">Row</span>
            </th>
            {shown.map((column, at) => (
              <th key={at} scope="col">
                {plainText(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at}>
              <td class="number soft">{count(before + at + 1)}</td>
              {shown.map((_, column) => (
                <td key={column} class={isNumber(row[column]) ? "number" : undefined}>
                  {cellOf(row[column])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {columns.length > COLUMNS_MAX && <p class="soft small">and {columns.length - COLUMNS_MAX} more columns</p>}
    </section>
  );
}

function isNumber(value: unknown): boolean {
  if (typeof value === "number" || typeof value === "bigint") return true;
  return typeof value === "string" && value !== "" && /^-?\d[\d.,]*(e[+-]?\d+)?$/i.test(value);
}

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  const text = typeof value === "string" ? value : textOf(value);
  return plainText(text.length > CELL_MAX ? `${text.slice(0, CELL_MAX)}…` : text);
}

function textOf(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? String(each) : each)) ?? "";
}
