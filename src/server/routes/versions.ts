/** Routes of one version: what it is, and what changes it. */
import { linksOfVersion, runById } from "../../catalog/index.ts";
import type { Done, Routes, RunView } from "../../client/index.ts";
import type { Metadata } from "../../manifest/index.ts";
import { type LineageOptions, type LineageStart, type Version, viewRun } from "../../store/index.ts";
import { type Call, type RouteCode, type RouteCodes, route, sees } from "../call.ts";
import { readChange } from "../changes.ts";
import { findRun, findVersion, openVersion, versionById } from "../finding.ts";
import { count, word } from "../queries.ts";
import { viewVersion } from "../views.ts";

/** Runs of each kind that a version's details tell. */
const RUNS = 20;

const version: RouteCode<"version"> = route({}, async (call) => {
  const { catalog, params, login, services } = call;
  const found = findVersion(catalog, params);
  const opened = openVersion(call);
  const runsOf = (link: "used" | "made"): RunView[] =>
    linksOfVersion(catalog, opened.id, link, { limit: RUNS }).flatMap(({ run }) => {
      const row = runById(catalog, run);
      return row === undefined || !sees(login, row.team) ? [] : [viewRun(services.store.engine, row)];
    });
  const { ref, entryCount: entries, parent, parents, sameAs, metadata } = opened;
  const { artifactRow } = found.row;
  const first = parents[0] === undefined ? undefined : catalog.versionById(parents[0]);
  return {
    ...viewVersion(catalog, found),
    ref,
    entries,
    // Of another artifact its number alone would mislead.
    parent: first?.artifactRow === artifactRow ? parent : null,
    parents,
    sameAs,
    metadata,
    madeBy: runsOf("made"),
    usedBy: runsOf("used"),
  };
});

const lineageQuery = {
  direction: word<"back" | "forward" | "both">(["back", "forward", "both"], "both"),
  steps: count(1, 20, 6),
  nodes: count(1, 1000, 200),
};

const lineage: RouteCode<"lineage"> = route(lineageQuery, async (call) =>
  lineageFrom(call, { version: findVersion(call.catalog, call.params).row.version }, call.query),
);

const runLineage: RouteCode<"runLineage"> = route(lineageQuery, async (call) =>
  lineageFrom(call, { run: findRun(call.catalog, call.params).run }, call.query),
);

async function lineageFrom(
  { services, catalog, login }: Pick<Call, "services" | "catalog" | "login">,
  start: LineageStart,
  options: LineageOptions,
): Promise<Routes["lineage"]["answer"]> {
  const { nodes, links } = await services.store.lineage(start, options);
  return {
    nodes: nodes.map(({ kind, id, distance, more, run, version: its }) => {
      const row = its === undefined ? undefined : catalog.versionById(id);
      const artifact = row === undefined ? undefined : catalog.artifactByRow(row.artifactRow);
      const isSeen = artifact !== undefined && sees(login, artifact.team);
      return {
        kind,
        id,
        distance,
        more,
        run: run !== undefined && sees(login, run.team) ? run : null,
        version: isSeen && row !== undefined ? viewVersion(catalog, { artifact, row }) : null,
      };
    }),
    links,
  };
}

const setTag: RouteCode<"setTag"> = route({}, async (call) => changed(call, (its) => its.tag(call.params.tag)));

const removeTag: RouteCode<"removeTag"> = route({}, async (call) => changed(call, (its) => its.untag(call.params.tag)));

const annotate: RouteCode<"annotate"> = route({}, async (call) => {
  const { message, metadata } = await readChange(call.request, ["message", "metadata"]);
  return changed(call, (its) =>
    its.annotate({
      ...(message !== undefined && { message }),
      ...(metadata !== undefined && { metadata: metadata as Metadata }),
    }),
  );
});

const removeVersion: RouteCode<"removeVersion"> = route({}, async (call) => changed(call, (its) => its.remove()));

const restoreVersion: RouteCode<"restoreVersion"> = route({}, async (call) => changed(call, (its) => its.restore()));

/** Changes a version on behalf of whoever asks. */
async function changed(
  call: Pick<Call<"version">, "services" | "login" | "catalog" | "params">,
  change: (version: Version) => Promise<number | null>,
): Promise<Done> {
  const { services, login } = call;
  const { id } = openVersion(call);
  return services.stores.use(login?.user ?? "", async (store) => {
    await store.engine.refresh();
    return { operation: await change(versionById(store, id)) };
  });
}

/** Routes of one version. */
export const versionRoutes: RouteCodes<
  "version" | "lineage" | "runLineage" | "setTag" | "removeTag" | "annotate" | "removeVersion" | "restoreVersion"
> = {
  version,
  lineage,
  runLineage,
  setTag,
  removeTag,
  annotate,
  removeVersion,
  restoreVersion,
};
