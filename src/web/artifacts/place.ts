/** A version as pages pass it on: where it is, and what the server says of it. */
import type { VersionDetails, VersionParams } from "../../client/index.ts";
import type { VersionPlace } from "../shell/routes.ts";

/** Where somebody is in a chosen artifact. */
export type ChosenPlace = VersionPlace & { readonly type: string; readonly name: string };

/** What the tabs of a version are told. */
export interface VersionProps {
  readonly place: ChosenPlace;
  readonly version: VersionDetails;
}

/** The version as routes of the server name it: by its id, so that nothing that moves meanwhile changes what is seen. */
export function paramsOf({ team, experiment, type, name, id }: VersionDetails): VersionParams {
  return { team, experiment, type, name, version: id };
}

/** The folder that is looked at; "" for the root. An address may name a file alone: then it is that of the file. */
export function folderOf({ folder, file, glob }: VersionPlace): string {
  return folder ?? (file === undefined || glob !== undefined ? "" : parentOf(file));
}

/** The folder that a path is in; "" for the root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** The address of another state of the same version; what is not named anew stays out. */
export function here(
  place: ChosenPlace,
  changes: Partial<VersionPlace> = {},
): VersionPlace & { readonly page: "artifacts" } {
  const { team, experiment, type, name, version = "latest", tab = "overview" } = place;
  return { page: "artifacts", team, experiment, type, name, version, tab, ...changes };
}
