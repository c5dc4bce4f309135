/** What the artifacts' page asks for: in one place, so that it is asked for ahead as it is asked for later. */
import { type ArtifactParams, type CallOf, pathOf, type VersionParams } from "../../client/index.ts";
import { PART } from "../parts/sparse.ts";
import type { ExperimentPlace, VersionPlace } from "../shell/routes.ts";
import { folderOf } from "./place.ts";

/** Artifacts asked for at once. */
export const ARTIFACTS_PAGE = 1000;

/** Which versions of an artifact are shown. */
export interface VersionFilter {
  readonly text: string;
  readonly removed: boolean;
}

/** Artifacts of an experiment, those with a text in their name, from an offset on. */
export function artifactsCall(
  { team, experiment }: ExperimentPlace,
  text: string,
  offset: number,
): CallOf<"artifacts"> {
  return { query: { team, experiment, ...(text !== "" && { text }), offset, limit: ARTIFACTS_PAGE } };
}

/** Versions of an artifact. */
export function versionsCall(
  params: ArtifactParams,
  { text, removed }: VersionFilter,
  at: { readonly offset?: number; readonly limit: number; readonly at?: string },
): CallOf<"versions"> {
  return { params, query: { ...at, ...(text !== "" && { text }), ...(removed && { removed }) } };
}

/** Names in a folder. */
export function entriesCall(params: VersionParams, folder: string, offset: number, limit: number): CallOf<"entries"> {
  return { params, query: { folder, offset, limit } };
}

/** The paths of all that is asked for when the page is opened at a place: what takes the server long last. */
export function pathsOf(place: VersionPlace): string[] {
  const { team, experiment, type, name, version = "latest", tab, glob } = place;
  const all = [pathOf("artifacts", artifactsCall(place, "", 0))];
  if (type === undefined || name === undefined) return all;
  const params = { team, experiment, type, name };
  const asked = { ...params, version };
  const isFolder = tab === "files" && glob === undefined;
  return [
    pathOf("version", { params: asked }),
    ...(isFolder ? [pathOf("entries", entriesCall(asked, folderOf(place), 0, PART))] : []),
    pathOf("versions", versionsCall(params, { text: "", removed: false }, { offset: 0, limit: PART })),
    ...all,
  ];
}
