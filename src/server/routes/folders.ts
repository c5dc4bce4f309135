/** Routes of what is in a version. */
import type { EntryItem } from "../../client/index.ts";
import { comparePaths, type Landmarks } from "../../manifest/index.ts";
import { Breather, monotonicNow } from "../../platform/index.ts";
import type { Version } from "../../store/index.ts";
import { absent } from "../api-answers.ts";
import { type RouteCode, type RouteCodes, route } from "../call.ts";
import { openVersion } from "../finding.ts";
import { matcherOf } from "../globs.ts";
import { count, flag, optionalText, page, requiredText, textOrEmpty } from "../queries.ts";

/** How long is looked for files before what was found goes out. */
const FIND_MS = 150;

const entries: RouteCode<"entries"> = route(
  { ...page, folder: textOrEmpty, at: optionalText, count: flag },
  async (call) => {
    const { query, services, signal } = call;
    const version = openVersion(call);
    const folder = query.folder.replace(/^\/+|\/+$/g, "");
    const { limit, at } = query;
    const isCounted = query.offset > 0 || at !== undefined || query.count;
    const landmarks = isCounted
      ? await services.folders.count(version, folder)
      : services.folders.known(version, folder);
    const breather = new Breather(signal);
    const offset =
      at === undefined || landmarks === undefined
        ? query.offset
        : await indexOf(version, folder, at, landmarks, breather);
    const items: EntryItem[] = [];
    // From the last place before it that is known, names are counted off.
    const every = landmarks?.every ?? 1;
    const from = landmarks?.paths[Math.floor(offset / every)];
    let skip = offset % every;
    let more = false;
    if (offset === 0 || from !== undefined) {
      for await (const item of version.list(folder, from === undefined ? {} : { from })) {
        if (breather.due()) await breather.pause();
        if (skip-- > 0) continue;
        more = items.length === limit;
        if (more) break;
        items.push(item);
      }
    }
    // A folder that ends here is counted by that.
    const total = landmarks?.count ?? (more ? null : offset + items.length);
    if (total === null) services.folders.begin(version, folder);
    return { version: version.id, folder, items, offset, total, more };
  },
);

/** How many names stand before one in its folder: counted off from the last place before it that is known. */
async function indexOf(
  version: Version,
  folder: string,
  path: string,
  { paths, every }: Landmarks,
  breather: Breather,
): Promise<number> {
  const next = paths.findIndex((each) => comparePaths(each, path) > 0);
  const known = Math.max(0, (next < 0 ? paths.length : next) - 1);
  let index = known * every;
  for await (const item of version.list(folder, { from: paths[known] ?? "" })) {
    if (breather.due()) await breather.pause();
    if (item.path === path) return index;
    // A folder stands where what is in it does.
    if (comparePaths(item.path, `${path}/`) > 0) break;
    index++;
  }
  throw absent("file");
}

const find: RouteCode<"find"> = route(
  { glob: requiredText, folder: textOrEmpty, after: optionalText, limit: count(1, 1000, 100) },
  async (call) => {
    const { query, signal } = call;
    const version = openVersion(call);
    const fits = matcherOf(query.glob);
    const { limit, after } = query;
    // The next path after one: nothing lies between it and itself with the smallest character.
    const from = after === undefined ? "" : `${after}\u0001`;
    const breather = new Breather(signal);
    const end = monotonicNow() + FIND_MS;
    const items: EntryItem[] = [];
    let looked = 0;
    for await (const entry of version.entries({ folder: query.folder, from })) {
      looked++;
      if (fits(entry.path)) items.push({ ...entry, files: entry.kind === "folder" ? 0 : 1 });
      if (items.length === limit) return { items, next: entry.path, looked };
      if (!breather.due()) continue;
      if (monotonicNow() > end) return { items, next: entry.path, looked };
      await breather.pause();
    }
    return { items, next: null, looked };
  },
);

/** Routes of what is in a version. */
export const folderRoutes: RouteCodes<"entries" | "find"> = {
  entries,
  find,
};
