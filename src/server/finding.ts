/** Finds what the paths of routes name. */
import { type ArtifactRow, type Catalog, type RunRow, runs, type VersionRow } from "../catalog/index.ts";
import type { ArtifactParams, RunParams, VersionParams } from "../client/index.ts";
import { type Digest, isDigest } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import { type Store, Version } from "../store/index.ts";
import { absent } from "./api-answers.ts";
import { type Call, sees } from "./call.ts";

/** A version with its artifact. */
export interface Found {
  readonly artifact: ArtifactRow;
  readonly row: VersionRow;
}

/** The artifact of a path. @throws ArtifoldError NOT_FOUND */
export function findArtifact(catalog: Catalog, { team, experiment, type, name }: ArtifactParams): ArtifactRow {
  const [artifact] = catalog.artifacts({ team, experiment, type, name });
  if (artifact === undefined) throw absent("artifact");
  return artifact;
}

/** The version of a path. @throws ArtifoldError NOT_FOUND */
export function findVersion(catalog: Catalog, params: VersionParams): Found {
  const [artifact] = catalog.artifacts({
    team: params.team,
    experiment: params.experiment,
    type: params.type,
    name: params.name,
  });
  const row = artifact === undefined ? undefined : versionIn(catalog, artifact, params.version);
  if (artifact === undefined || row === undefined) throw absent("version");
  return { artifact, row };
}

/** The version of a path, as an embedder holds it. @throws ArtifoldError NOT_FOUND */
export function openVersion({
  catalog,
  params,
  services,
}: Pick<Call, "catalog" | "services"> & { readonly params: VersionParams }): Version {
  const { artifact, row } = findVersion(catalog, params);
  return new Version(services.store.engine, artifact, row);
}

/** A version by its id, in a handle whose catalog is up to date. @throws ArtifoldError NOT_FOUND */
export function versionById({ engine }: Store, id: Digest): Version {
  const row = engine.catalog.versionById(id);
  if (row === undefined) throw absent("version");
  return new Version(engine, engine.catalog.artifactByRow(row.artifactRow), row);
}

/** Another version: by number or tag one of the same artifact, by id one of any. @throws ArtifoldError NOT_FOUND */
export function findOther(call: Pick<Call, "catalog" | "login">, artifact: ArtifactRow, name: string): Found {
  const { catalog, login } = call;
  const other = isDigest(name) ? catalog.versionById(name) : undefined;
  if (other !== undefined) {
    const its = catalog.artifactByRow(other.artifactRow);
    if (sees(login, its.team)) return { artifact: its, row: other };
  }
  const row = versionIn(catalog, artifact, name);
  if (row === undefined) throw absent("version");
  return { artifact, row };
}

/** The version that a name means: "V2", "latest", an id, a tag. Removed ones by number and id only. */
export function versionIn(catalog: Catalog, { row }: ArtifactRow, name: string): VersionRow | undefined {
  if (isDigest(name)) {
    const found = catalog.versionById(name);
    return found?.artifactRow === row ? found : undefined;
  }
  const number = /^v([1-9]\d{0,15})$/i.exec(name)?.[1];
  if (number !== undefined) return catalog.versionByNumber(row, Number(number));
  if (name === "latest") return catalog.latest(row);
  const tagged = catalog.versionByTag(row, name.normalize("NFC"));
  return tagged?.removed === false ? tagged : undefined;
}

/** The run of a path. @throws ArtifoldError NOT_FOUND, AMBIGUOUS */
export function findRun(catalog: Catalog, { team, experiment, run }: RunParams): RunRow {
  const [, name = "", id = ""] = /^([^@]*)(?:@([0-9a-f]{8,64}))?$/.exec(run) ?? [];
  const named = runs(catalog, { team, experiment, name }, { limit: 100 }).filter((row) => row.run.startsWith(id));
  const [first] = named;
  if (first === undefined) throw absent("run");
  if (named.length === 1) return first;
  const ids = named.map((row) => `${name}@${row.run.slice(0, 12)}`);
  throw new ArtifoldError("AMBIGUOUS", `${name} may be ${ids.join(" or ")}`);
}
