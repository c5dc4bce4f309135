/** Routes of artifacts and lists of their versions. */
import {
  type ArtifactItem,
  type ArtifactRow,
  artifactItem,
  artifactPage,
  type Catalog,
  formatNumber,
  matchingNumbers,
  type PageRows,
  typeCounts,
  versionNumbers,
  versionSizes,
  versionsAbove,
} from "../../catalog/index.ts";
import type { VersionView } from "../../client/index.ts";
import { Breather } from "../../platform/index.ts";
import { absent } from "../api-answers.ts";
import { type RouteCode, type RouteCodes, route, teamFilter } from "../call.ts";
import { findArtifact, versionIn } from "../finding.ts";
import { count, flag, optionalText, page } from "../queries.ts";
import { viewArtifact, viewVersion } from "../views.ts";

const artifacts: RouteCode<"artifacts"> = route(
  { ...page, team: optionalText, experiment: optionalText, type: optionalText, text: optionalText },
  async ({ query, login, catalog }) => {
    const { offset, limit, text } = query;
    const place = { team: teamFilter(login, query.team), experiment: query.experiment?.normalize("NFC"), text };
    const { rows, total } = artifactPage(catalog, { ...place, type: query.type?.normalize("NFC") }, { offset, limit });
    return { items: rows.map(viewArtifact), offset, total, types: typeCounts(catalog, place) };
  },
);

const artifact: RouteCode<"artifact"> = route({}, async ({ params, catalog }) => {
  const { row } = findArtifact(catalog, params);
  const tags = catalog.tags(row).flatMap(({ tag, version }) => {
    const tagged = catalog.versionById(version);
    return tagged === undefined || tagged.removed ? [] : [{ tag, version: formatNumber(tagged.number) }];
  });
  return { ...viewArtifact(artifactItem(catalog, row) as ArtifactItem), tags };
});

/** Numbers that are looked through for a text between two pauses. */
const SPAN = 2000;

const versions: RouteCode<"versions"> = route(
  { ...page, text: optionalText, at: optionalText, removed: flag },
  async ({ params, query, catalog, signal }) => {
    const found = findArtifact(catalog, params);
    const { limit, removed, text, at } = query;
    const number = at === undefined ? undefined : versionIn(catalog, found, at)?.number;
    if (at !== undefined && number === undefined) throw absent("version");
    const breather = new Breather(signal);
    let { offset } = query;
    let numbers: PageRows<number>;
    if (text === undefined || text === "") {
      if (number !== undefined) offset = pageOf(versionsAbove(catalog, found.row, { removed }, number), limit);
      numbers = versionNumbers(catalog, found.row, { removed }, { offset, limit });
    } else {
      const all = await search(catalog, found, { text, removed }, breather);
      if (number !== undefined) offset = pageOf(all.filter((each) => each > number).length, limit);
      numbers = { rows: all.slice(offset, offset + limit), total: all.length };
    }
    const items = await viewNumbers(catalog, found, numbers.rows, breather);
    return { items, offset, total: numbers.total };
  },
);

/** Where the page begins that a row is on. */
function pageOf(row: number, limit: number): number {
  return row - (row % limit);
}

async function search(
  catalog: Catalog,
  { row, highest }: ArtifactRow,
  filter: { readonly text: string; readonly removed: boolean },
  breather: Breather,
): Promise<number[]> {
  const numbers: number[] = [];
  for (let below = highest + 1; below > 1; below -= SPAN) {
    numbers.push(...matchingNumbers(catalog, row, filter, { below, span: SPAN }));
    await breather.pause();
  }
  return numbers;
}

/** Rows are long where metadata is: each is read by itself. */
async function viewNumbers(
  catalog: Catalog,
  found: ArtifactRow,
  numbers: readonly number[],
  breather: Breather,
): Promise<VersionView[]> {
  const items: VersionView[] = [];
  const latest = catalog.latest(found.row)?.number ?? 0;
  for (const number of numbers) {
    const row = catalog.versionByNumber(found.row, number);
    if (row !== undefined) items.push(viewVersion(catalog, { artifact: found, row }, latest));
    if (breather.due()) await breather.pause();
  }
  return items;
}

const chart: RouteCode<"chart"> = route(
  { after: optionalText, limit: count(1, 10_000, 2000) },
  async ({ params, query, catalog }) => {
    const { row } = findArtifact(catalog, params);
    const after = query.after === undefined ? 0 : count(0, Number.MAX_SAFE_INTEGER - 1, 0)(query.after, "after");
    const sizes = versionSizes(catalog, row, after + 1, query.limit);
    const items = sizes.map(({ number, createdAt, files, bytes, newBytes }) => ({
      version: formatNumber(number),
      number,
      createdAt: new Date(createdAt).toISOString(),
      files,
      bytes,
      newBytes,
      sharedBytes: Math.max(0, bytes - newBytes),
    }));
    const last = items.length === query.limit ? items.at(-1) : undefined;
    return { items, next: last === undefined ? null : String(last.number) };
  },
);

/** Routes of artifacts and lists of their versions. */
export const artifactRoutes: RouteCodes<"artifacts" | "artifact" | "versions" | "chart"> = {
  artifacts,
  artifact,
  versions,
  chart,
};
