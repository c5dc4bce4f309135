/** Routes of experiments and their runs. */
import { experimentPage, type LinkKind, linksOfRun, runPage } from "../../catalog/index.ts";
import { viewRun } from "../../store/index.ts";
import { absent } from "../api-answers.ts";
import { type RouteCode, type RouteCodes, route, sees, teamFilter } from "../call.ts";
import { findRun } from "../finding.ts";
import { count, optionalText, page, word } from "../queries.ts";
import { viewExperiment, viewVersion } from "../views.ts";

const experiments: RouteCode<"experiments"> = route(
  { ...page, team: optionalText, text: optionalText },
  async ({ query, login, catalog }) => {
    const { offset, limit, text } = query;
    const team = teamFilter(login, query.team);
    const { rows, total } = experimentPage(catalog, { team, text }, { offset, limit });
    return { items: rows.map(viewExperiment), offset, total };
  },
);

const experiment: RouteCode<"experiment"> = route({}, async ({ params, catalog }) => {
  const { rows } = experimentPage(
    catalog,
    { team: params.team, experiment: params.experiment },
    { offset: 0, limit: 1 },
  );
  const [row] = rows;
  if (row === undefined) throw absent("experiment");
  return viewExperiment(row);
});

const runs: RouteCode<"runs"> = route(
  { ...page, team: optionalText, experiment: optionalText, text: optionalText },
  async ({ query, login, catalog, services }) => {
    const { offset, limit, text } = query;
    const team = teamFilter(login, query.team);
    const filter = { team, experiment: query.experiment?.normalize("NFC"), text };
    const { rows, total } = runPage(catalog, filter, { offset, limit });
    return { items: rows.map((row) => viewRun(services.store.engine, row)), offset, total };
  },
);

const run: RouteCode<"run"> = route({}, async ({ params, catalog, services }) =>
  viewRun(services.store.engine, findRun(catalog, params)),
);

const runVersions: RouteCode<"runVersions"> = route(
  { link: word<LinkKind>(["used", "made"], undefined), after: optionalText, limit: count(1, 1000, 100) },
  async ({ params, query, login, catalog }) => {
    const { run: id } = findRun(catalog, params);
    const after = query.after === undefined ? undefined : count(0, Number.MAX_SAFE_INTEGER, 0)(query.after, "after");
    const links = linksOfRun(catalog, id, query.link, { after, limit: query.limit });
    const items = links.flatMap(({ version }) => {
      const row = catalog.versionById(version);
      if (row === undefined) return [];
      const artifact = catalog.artifactByRow(row.artifactRow);
      return sees(login, artifact.team) ? [viewVersion(catalog, { artifact, row })] : [];
    });
    const last = links.length === query.limit ? links.at(-1) : undefined;
    return { items, next: last === undefined ? null : String(last.row) };
  },
);

/** Routes of experiments and their runs. */
export const experimentRoutes: RouteCodes<"experiments" | "experiment" | "runs" | "run" | "runVersions"> = {
  experiments,
  experiment,
  runs,
  run,
  runVersions,
};
