/** Which changes of the log are about artifacts or versions that somebody asks for. */
import type { ArtifactRow, Catalog, LoggedChange } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { artifactLog } from "../logs/index.ts";

/** An artifact that is asked for, or one version of it. */
export interface AskedFor {
  readonly artifact: ArtifactRow;
  /** All versions, where it is absent. */
  readonly version?: Digest;
}

/** Tells whether a change is about something. */
export type ChangeFilter = (change: LoggedChange) => boolean;

/** A filter for changes that concern any of what is asked for. */
export function changesAbout(catalog: Catalog, asked: readonly AskedFor[]): ChangeFilter {
  const whole = asked.filter(({ version }) => version === undefined).map(({ artifact }) => artifact);
  const artifacts = new Set(whole.map(({ artifact }) => artifact));
  const rows = new Set(whole.map(({ row }) => row));
  const logs = new Set(whole.map(({ artifact }) => artifactLog(artifact) as string));
  const versions = new Set(asked.map(({ version }) => version));
  const isMeant = (id: Digest | null | undefined): boolean => {
    if (id == null) return false;
    if (versions.has(id)) return true;
    const row = catalog.versionById(id);
    return row !== undefined && rows.has(row.artifactRow);
  };
  return (change) => {
    if ("artifact" in change && artifacts.has(change.artifact)) return true;
    if (change.change === "step") return logs.has(change.log) || change.events.some(({ version }) => isMeant(version));
    if (change.change === "whole") return change.versions.some(isMeant);
    return ("version" in change && isMeant(change.version)) || ("before" in change && isMeant(change.before));
  };
}
