/** What other versions a version is told by. */
import { type ArtifactRow, type Catalog, formatNumber, type VersionRow } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";

/** The number of the first of a version's parents: "V1"; null for none, or one that is not known here. */
export function parentNumber(catalog: Catalog, [parent]: readonly Digest[]): string | null {
  const row = parent === undefined ? undefined : catalog.versionById(parent);
  return row === undefined ? null : formatNumber(row.number);
}

/** Numbers of the other versions of an artifact with the same content. */
export function sameContent(catalog: Catalog, artifact: ArtifactRow, { manifest, number }: VersionRow): string[] {
  const numbers = catalog.numbersWithContent(artifact.row, manifest).filter((each) => each !== number);
  return numbers.map(formatNumber);
}
