/** Finds the route of a request. */
import { type RouteHead, type RouteName, routes } from "../client/index.ts";

/** A route with what its path says. */
export interface Matched {
  readonly name: RouteName;
  readonly head: RouteHead;
  readonly params: Readonly<Record<string, string>>;
}

/** One table row, its path cut into segments. */
interface Row {
  readonly name: RouteName;
  readonly head: RouteHead;
  readonly segments: readonly string[];
}

const table: readonly Row[] = (Object.entries(routes) as [RouteName, RouteHead][]).map(([name, head]) => ({
  name,
  head,
  segments: head.path.split("/").slice(1),
}));

/** What is no longer a letter, but a way to say another path (rule S8). */
const disguised = /[\\\0]|%(2f|5c|2e|00|25)/i;

/** The segments of a path, each decoded once; `undefined` for a path that could be taken for another. */
export function segmentsOf(pathname: string): readonly string[] | undefined {
  if (!pathname.startsWith("/") || disguised.test(pathname)) return undefined;
  const segments: string[] = [];
  for (const part of pathname.split("/").slice(1)) {
    let segment: string;
    try {
      segment = decodeURIComponent(part).normalize("NFC");
    } catch {
      return undefined;
    }
    if (segment === "" || segment === "." || segment === ".." || /[/\\\0]/.test(segment)) return undefined;
    segments.push(segment);
  }
  return segments;
}

/** The route of a method and a path. @returns the methods that the path has, where this one is none of them */
export function findRoute(method: string, pathname: string): Matched | { readonly allow: string } | undefined {
  const segments = segmentsOf(pathname);
  if (segments === undefined) return undefined;
  const rows = table.filter((row) => fits(row, segments));
  // HEAD is GET without its body.
  const asked = method === "HEAD" ? "GET" : method;
  const row = rows.find(({ head }) => head.method === asked);
  if (row !== undefined) return { name: row.name, head: row.head, params: paramsOf(row, segments) };
  if (rows.length === 0) return undefined;
  const methods = rows.flatMap(({ head }) => (head.method === "GET" ? ["GET", "HEAD"] : [head.method]));
  return { allow: methods.join(", ") };
}

function fits(row: Row, segments: readonly string[]): boolean {
  return (
    row.segments.length === segments.length &&
    row.segments.every((segment, index) => segment.startsWith("{") || segment === segments[index])
  );
}

function paramsOf(row: Row, segments: readonly string[]): Record<string, string> {
  const params: Record<string, string> = Object.create(null);
  row.segments.forEach((segment, index) => {
    if (segment.startsWith("{")) params[segment.slice(1, -1)] = segments[index] as string;
  });
  return params;
}
