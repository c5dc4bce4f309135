/** Refuses new names that cannot be told from names that are there. */
import { type Catalog, foldName, type NameKind, nameScopes } from "../catalog/index.ts";
import { ArtifoldError } from "../errors.ts";

/** Refuses the names of a team and an experiment that fold to others. @throws ArtifoldError CONFLICT */
export function refusePlaceLookalikes(catalog: Catalog, place: { team: string; experiment: string }): void {
  refuseLookalike(catalog, "team", nameScopes.team(), place.team);
  refuseLookalike(catalog, "experiment", nameScopes.experiment(place.team), place.experiment);
}

/** Refuses a name that folds to another of its scope. The same name is none of these. @throws ArtifoldError CONFLICT */
export function refuseLookalike(catalog: Catalog, kind: NameKind, scope: string, name: string): void {
  const other = catalog.foldedName(scope, foldName(name));
  if (other !== undefined && other !== name) throw lookalike(kind, name, other);
}

/** The error for a name that cannot be told from another. */
export function lookalike(kind: NameKind, name: string, other: string): ArtifoldError {
  return new ArtifoldError("CONFLICT", `the ${kind} ${name} cannot be told from ${other}, which is there already`, {
    hint: `Write ${other}, or choose a name that differs in more than case or width.`,
    info: { kind, name, other },
  });
}
