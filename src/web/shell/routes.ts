/** Addresses of the dashboard, to and from what they say. Every state that somebody may want to send has one. */

/** Tabs of a version. */
export const versionTabs = ["overview", "files", "diff", "relation", "metadata"] as const;
/** A tab of a version. */
export type VersionTab = (typeof versionTabs)[number];

/** Tabs of a run. */
export const runTabs = ["chart", "artifacts", "config", "relation"] as const;
/** A tab of a run. */
export type RunTab = (typeof runTabs)[number];

/** An experiment, as routes name it. */
export interface ExperimentPlace {
  readonly team: string;
  readonly experiment: string;
}

/** Where in a version somebody is. Absent is the default: its newest version, its overview, its root. */
export interface VersionPlace extends ExperimentPlace {
  readonly type?: string;
  readonly name?: string;
  /** A number or tag, as somebody wrote it. */
  readonly version?: string;
  readonly tab?: VersionTab;
  /** Of files: the folder that is looked at, without a slash at its end. */
  readonly folder?: string;
  /** Of files and differences: the file that is looked at. */
  readonly file?: string;
  /** Of files: the glob that they are filtered by. */
  readonly glob?: string;
  /** Of differences: the version that it is compared with. */
  readonly from?: string;
}

/** A place in the dashboard. */
export type Route =
  | { readonly page: "home" }
  | { readonly page: "team"; readonly team: string }
  | ({ readonly page: "chart" | "runs"; readonly artifact?: string } & ExperimentPlace)
  | ({ readonly page: "artifacts" } & VersionPlace)
  /** A run by its name, or by `name@` and the first digits of its id. */
  | ({ readonly page: "run"; readonly run: string; readonly tab?: RunTab } & ExperimentPlace)
  | { readonly page: "missing" };

const QUERY = ["folder", "file", "glob", "from"] as const;

/** What an address says. One that says nothing is missing; it is never an error. */
export function parseRoute(pathname: string, search = ""): Route {
  const parts = decoded(pathname);
  if (parts === undefined) return { page: "missing" };
  const [first, second, third, fourth, fifth] = parts;
  // Where a link with a one-time code leads to; no team is called that.
  if (first === undefined || (first === "login" && second === undefined)) return { page: "home" };
  if (second === undefined) return { page: "team", team: first };
  if (first === "experi") return parseRun(parts) ?? { page: "missing" };
  if (second !== "experi" || third === undefined || (fourth ?? "exp") !== "exp") return { page: "missing" };
  const place = { team: first, experiment: third };
  const query = new URLSearchParams(search);
  if (fifth === "artifacts") return { page: "artifacts", ...place, ...parseVersion(parts.slice(5), query) };
  const page = fifth ?? "chart";
  const artifact = query.get("artifact");
  if (page !== "chart" && page !== "runs") return { page: "missing" };
  return { page, ...place, ...(artifact !== null && { artifact }) };
}

/** The address of a place, from the root of the server. */
export function hrefOf(route: Route): string {
  if (route.page === "home" || route.page === "missing") return "/";
  if (route.page === "team") return join(route.team);
  if (route.page === "run") return join("experi", route.team, route.experiment, route.run, "run", route.tab ?? "chart");
  const base = [route.team, "experi", route.experiment, "exp", route.page];
  if (route.page !== "artifacts") return join(...base) + queryOf({ artifact: route.artifact });
  const { type, name, version, tab } = route;
  const parts = [type, name, version, tab];
  const end = parts.indexOf(undefined);
  return join(...base, ...(parts.slice(0, end < 0 ? 4 : end) as string[])) + queryOf(route);
}

/** The name of a run in a route, without the beginning of its id. */
export function nameOfRun(run: string): string {
  return run.replace(/@[0-9a-f]*$/, "");
}

function parseRun([, team, experiment, run, word, tab = "chart"]: readonly string[]): Route | undefined {
  if (team === undefined || experiment === undefined || run === undefined) return undefined;
  if (word !== undefined && word !== "run") return undefined;
  if (!isOneOf(runTabs, tab)) return undefined;
  return { page: "run", team, experiment, run, ...(tab !== "chart" && { tab }) };
}

function parseVersion(parts: readonly string[], query: URLSearchParams): Partial<VersionPlace> {
  const [type, name, version, tab] = parts;
  const asked = QUERY.flatMap((key) => {
    const value = query.get(key);
    return value === null || value === "" ? [] : [[key, value]];
  });
  return {
    ...(type !== undefined && { type }),
    ...(name !== undefined && { name }),
    ...(version !== undefined && { version }),
    ...(tab !== undefined && isOneOf(versionTabs, tab) && { tab }),
    ...Object.fromEntries(asked),
  };
}

function isOneOf<T extends string>(all: readonly T[], text: string): text is T {
  return (all as readonly string[]).includes(text);
}

function decoded(pathname: string): string[] | undefined {
  try {
    return pathname.split("/").filter(Boolean).map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function join(...parts: readonly string[]): string {
  // Runs are named with it, and it means nothing in a path.
  return `/${parts.map((part) => encodeURIComponent(part).replaceAll("%40", "@")).join("/")}`;
}

function queryOf(values: Partial<Record<(typeof QUERY)[number] | "artifact", string | undefined>>): string {
  const query = new URLSearchParams();
  for (const key of [...QUERY, "artifact"] as const) {
    const value = values[key];
    if (value !== undefined && value !== "") query.set(key, value);
  }
  return query.size === 0 ? "" : `?${query}`;
}
