/** What of an artifact is on a remote already, for a push that makes sure that it is really there. */
import { type ArtifactRow, type Catalog, remoteVersion, type VersionRow } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { EMPTY_MANIFEST } from "../manifest/index.ts";
import type { NeededContent } from "../sync/index.ts";

/** Versions that live on the remote. */
export interface ContentThere {
  /** Content of those that are all here, each going on from the one before. */
  readonly contents: readonly NeededContent[];
  /** Raw bytes that it may come to. */
  readonly bytes: number;
  /** Versions that are not all here, so that nothing can be said of them. */
  readonly leftOut: readonly VersionRow[];
}

/** What of an artifact has to be on a remote. @param upTo the highest number that is meant */
export function contentThere(catalog: Catalog, remote: Digest, artifact: ArtifactRow, upTo: number): ContentThere {
  const living = catalog
    .versions(artifact.row)
    .filter(({ version, number }) => number <= upTo && remoteVersion(catalog, remote, version)?.removed === false)
    .reverse();
  const here = living.filter(({ elsewhere }) => elsewhere === null);
  const contents = here.map(({ manifest }, at) => ({ manifest, base: here[at - 1]?.manifest ?? EMPTY_MANIFEST }));
  const bytes = here.reduce((sum, { newBytes }) => sum + newBytes, 0);
  return { contents, bytes, leftOut: living.filter(({ elsewhere }) => elsewhere !== null) };
}
