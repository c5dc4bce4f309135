/** What of runs is here and not on a remote, or not so there. */
import type { Digest } from "../digest/index.ts";
import type { Catalog } from "./catalog.ts";
import type { LinkRow } from "./lineage.ts";
import { type RunRow, readRuns, runColumns } from "./runs.ts";

/** Runs and links to push. */
export interface UnpushedRuns {
  readonly runs: readonly RunRow[];
  readonly links: readonly Pick<LinkRow, "link" | "run" | "version">[];
}

/** Versions of an artifact, those that are found under the numbers of others included. */
const versionsOfArtifact = `(SELECT version FROM version WHERE artifact = @row UNION ALL
  SELECT a.version FROM also_made a JOIN version v ON v.version = a.holder WHERE v.artifact = @row)`;

/** Whether what the log of an owner says of a run is what holds here. */
const isTold = `EXISTS (SELECT 1 FROM remote_run r WHERE r.remote = @remote AND r.owner = @owner AND r.run = run.run
  AND r.config = run.config AND r.state IS run.state AND r.ended_at IS run.ended_at
  AND r.exit_code IS run.exit_code AND r.signal IS run.signal)`;
const isAlone = "run NOT IN (SELECT run FROM lineage)";

/** An experiment by its names. */
export interface ExperimentNames {
  readonly team: string;
  readonly experiment: string;
}

/** Experiments with runs that neither used nor made a version. */
export function experimentsOfLoneRuns(catalog: Catalog): ExperimentNames[] {
  const sql = `SELECT DISTINCT team, experiment FROM run WHERE ${isAlone} ORDER BY team, experiment`;
  return catalog.statement(sql).all() as ExperimentNames[];
}

/** Runs of an experiment that neither used nor made a version, and are not as its log on a remote has them. */
export function unpushedLoneRuns(
  catalog: Catalog,
  remote: Digest,
  owner: Digest,
  { team, experiment }: ExperimentNames,
): RunRow[] {
  const rows = catalog
    .statement(
      `SELECT ${runColumns} FROM run WHERE team = @team AND experiment = @experiment AND ${isAlone} AND NOT ${isTold}
        ORDER BY run`,
    )
    .all({ remote, owner, team, experiment });
  return readRuns(rows);
}

/** What is to be pushed of the runs that used or made versions of an artifact. */
export function unpushedRuns(
  catalog: Catalog,
  remote: Digest,
  { row, artifact }: { readonly row: number; readonly artifact: Digest },
): UnpushedRuns {
  const given = { row, remote };
  const runs = catalog
    .statement(
      `SELECT ${runColumns} FROM run WHERE run IN (SELECT run FROM lineage WHERE version IN ${versionsOfArtifact})
        AND NOT ${isTold} ORDER BY run`,
    )
    .all({ ...given, owner: artifact });
  const links = catalog
    .statement(
      `SELECT link, run, version FROM lineage WHERE version IN ${versionsOfArtifact}
        AND NOT EXISTS (SELECT 1 FROM remote_link r WHERE r.remote = @remote AND r.version = lineage.version
          AND r.run = lineage.run AND r.link = lineage.link) ORDER BY id`,
    )
    .all(given);
  return { runs: readRuns(runs), links: links as UnpushedRuns["links"] };
}
