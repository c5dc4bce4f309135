/** Routes of what versions changed. */
import type { ChangeItem } from "../../client/index.ts";
import { Breather, monotonicNow } from "../../platform/index.ts";
import { Version } from "../../store/index.ts";
import { type Call, type RouteCode, type RouteCodes, route } from "../call.ts";
import { type Found, findOther, findVersion } from "../finding.ts";
import { count, optionalText, requiredText } from "../queries.ts";
import { viewVersion } from "../views.ts";

/** How long changes are counted. */
const COUNT_MS = 2000;

const diff: RouteCode<"diff"> = route(
  { from: requiredText, after: optionalText, limit: count(1, 1000, 100) },
  async (call) => {
    const { query, catalog, signal } = call;
    const [from, to] = bothOf(call, query.from);
    const breather = new Breather(signal);
    const items: ChangeItem[] = [];
    let next: string | null = null;
    const above = query.after === undefined ? {} : { above: query.after };
    for await (const change of opened(call, from).diff(opened(call, to), above)) {
      if (items.length === query.limit) {
        next = items.at(-1)?.path ?? null;
        break;
      }
      const { path, kind, before = null, after = null } = change;
      items.push({ path, kind, before, after });
      if (breather.due()) await breather.pause();
    }
    return { items, next, from: viewVersion(catalog, from), to: viewVersion(catalog, to) };
  },
);

const diffSummary: RouteCode<"diffSummary"> = route({ from: requiredText }, async (call) => {
  const [from, to] = bothOf(call, call.query.from);
  const breather = new Breather(call.signal);
  const end = monotonicNow() + COUNT_MS;
  const counts = { added: 0, modified: 0, removed: 0, bytesAfter: 0, bytesBefore: 0 };
  for await (const { kind, before, after } of opened(call, from).diff(opened(call, to))) {
    counts[kind]++;
    counts.bytesBefore += before?.size ?? 0;
    counts.bytesAfter += after?.size ?? 0;
    if (!breather.due()) continue;
    if (monotonicNow() > end) return { ...counts, isWhole: false };
    await breather.pause();
  }
  return { ...counts, isWhole: true };
});

function bothOf(call: Pick<Call<"diff">, "catalog" | "login" | "params">, from: string): [from: Found, to: Found] {
  const to = findVersion(call.catalog, call.params);
  return [findOther(call, to.artifact, from), to];
}

function opened({ services }: Pick<Call, "services">, { artifact, row }: Found): Version {
  return new Version(services.store.engine, artifact, row);
}

/** Routes of what versions changed. */
export const diffRoutes: RouteCodes<"diff" | "diffSummary"> = {
  diff,
  diffSummary,
};
