/** What the store knows, in the shapes of the data API. */
import {
  type ArtifactItem,
  type ArtifactRow,
  type Catalog,
  type ExperimentRow,
  formatNumber,
  type RunRow,
  runById,
} from "../catalog/index.ts";
import type { ArtifactView, ExperimentView, OperationChange, OperationView, VersionView } from "../client/index.ts";
import type { Digest } from "../digest/index.ts";
import { decodeVersionRecord } from "../manifest/index.ts";
import type { Operation, ToldChange } from "../store/index.ts";
import { sees } from "./call.ts";
import type { Found } from "./finding.ts";
import type { Login } from "./login.ts";

/** Shows an experiment. */
export function viewExperiment({ changedAt, ...row }: ExperimentRow): ExperimentView {
  return { ...row, changedAt: changedAt === null ? null : new Date(changedAt).toISOString() };
}

/** Shows an artifact in a list. */
export function viewArtifact(row: ArtifactItem): ArtifactView {
  const { artifact: id, team, experiment, type, name, versions, removed, latest } = row;
  return { id, team, experiment, type, name, versions, removed, latest: latest === null ? null : formatNumber(latest) };
}

/** Shows a version. @param latest the highest number of its artifact that lives, where it is known already */
export function viewVersion(catalog: Catalog, { artifact, row }: Found, latest?: number): VersionView {
  const { team, experiment, type, name } = artifact;
  const { createdAt, createdBy } = decodeVersionRecord(row.record);
  return {
    id: row.version,
    team,
    experiment,
    type,
    name,
    version: formatNumber(row.number),
    number: row.number,
    digest: row.manifest,
    files: row.files,
    bytes: row.bytes,
    newBytes: row.newBytes,
    createdAt: new Date(createdAt).toISOString(),
    createdBy,
    message: row.message,
    tags: catalog.tagsOf(row.version),
    isLatest: row.number === (latest ?? catalog.latest(artifact.row)?.number),
    removed: row.removed,
  };
}

/** Shows an operation, or as much of it as a caller may see; `undefined` where that is nothing. */
export function viewOperation(
  catalog: Catalog,
  login: Login | undefined,
  { operation, at, by, changes }: Operation,
): OperationView | undefined {
  const shown = changes
    .map((change) => viewChange(catalog, change))
    .filter(({ artifact, run }) => mayHear(login, artifact, run))
    .map((change) => withMaker(catalog, login, change));
  return shown.length === 0 ? undefined : { operation, at, by, changes: shown };
}

/** Who is limited to a team hears of what is known to be its own. */
function mayHear(login: Login | undefined, ...parts: readonly ({ readonly team: string } | null)[]): boolean {
  if (login === undefined || login.team === null) return true;
  const known = parts.filter((part) => part !== null);
  return known.length > 0 && known.every(({ team }) => sees(login, team));
}

function viewChange(catalog: Catalog, change: ToldChange): OperationChange {
  const version = "version" in change && change.version !== null ? catalog.versionById(change.version) : undefined;
  const artifact =
    version !== undefined
      ? catalog.artifactByRow(version.artifactRow)
      : "artifact" in change
        ? catalog.artifactById(change.artifact)
        : undefined;
  const run = "run" in change ? runById(catalog, change.run) : undefined;
  return {
    kind: change.change,
    artifact: artifact === undefined ? null : namesOf(artifact),
    version: version === undefined ? null : formatNumber(version.number),
    versionId: version?.version ?? null,
    tag: "tag" in change ? change.tag : null,
    run: run === undefined ? null : nameOfRun(run),
  };
}

/** With the run that made a version, unless the caller may not see it. */
function withMaker(catalog: Catalog, login: Login | undefined, change: OperationChange): OperationChange {
  if (change.kind !== "version" || change.versionId === null) return change;
  const row = catalog.versionById(change.versionId as Digest);
  const made = row === undefined ? undefined : decodeVersionRecord(row.record).run;
  const run = made === undefined ? undefined : runById(catalog, made);
  return run === undefined || !sees(login, run.team) ? change : { ...change, run: nameOfRun(run) };
}

function nameOfRun({ run: id, team, experiment, name }: RunRow): NonNullable<OperationChange["run"]> {
  return { id, team, experiment, name };
}

function namesOf({
  artifact: id,
  team,
  experiment,
  type,
  name,
}: ArtifactRow): NonNullable<OperationChange["artifact"]> {
  return { id, team, experiment, type, name };
}
