/** What is remembered of a folder that was added to a draft. */
import type { ArtifactRow, VersionRow } from "../catalog/index.ts";
import type { FolderAgreement, FolderMemory } from "../worktree/index.ts";

/** What an upload made, or came to. */
interface Made {
  readonly version: VersionRow;
  readonly artifact: ArtifactRow;
}

/** A folder whose memory is to learn what the version made of it. */
export interface ScannedFolder {
  readonly memory: FolderMemory;
  readonly prefix: string;
  readonly mirrored: boolean;
  readonly filtered: boolean;
  readonly complete: boolean;
}

/** Notes what a version made of a folder. @param agrees whether the version holds there what the folder does */
export function rememberFolder(folder: ScannedFolder, agrees: boolean, made: Made): void {
  const { memory, prefix, mirrored, filtered } = folder;
  const { version, artifact } = made;
  const agreement: FolderAgreement | undefined = agrees
    ? { manifest: version.manifest, prefix, exact: mirrored }
    : undefined;
  const known = memory.record;
  const isSame = known === undefined || !known.downloaded || known.artifact === artifact.artifact;
  if (filtered || prefix !== "" || !isSame) {
    memory.remember(known, agreement);
    return;
  }
  const record = {
    artifact: artifact.artifact,
    version: version.version,
    manifest: version.manifest,
    downloaded: known?.downloaded === true,
    globs: known?.globs ?? null,
  };
  memory.remember(record, agreement);
}
