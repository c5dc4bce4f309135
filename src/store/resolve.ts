/** Finds which store a command or `openStore()` means, and which settings hold. */
import path from "node:path";
import { ArtifoldError, errnoOf } from "../errors.ts";
import {
  lookIfAllowed,
  makeFolders,
  nodeFileSystem,
  publishFile,
  readWholeFile,
  userFolders,
} from "../platform/index.ts";
import { STORE_FOLDER_NAME } from "../worktree/index.ts";
import { type CurrentRun, resolveCurrentRun } from "./current-run.ts";
import { DEFAULT_HTTP_HOST } from "./http-host.ts";
import type { ResolveInput } from "./resolve-input.ts";
import { storeNames } from "./store-folder.ts";

/** Where a setting comes from. */
export type Origin = "flag" | "environment" | "folder" | "user" | "default";

/** A setting and its origin. */
export interface Setting<Value> {
  readonly value: Value;
  readonly origin: Origin;
  /** The variable or file that it comes from. */
  readonly from?: string;
}

/** The store that is meant: flag, else ARTIFOLD_STORE, else the nearest .artifold upward, else the user's own. */
export function resolveStore(input: ResolveInput): Setting<string> {
  if (input.store !== undefined && input.store !== "") {
    return { value: path.resolve(input.cwd, input.store), origin: "flag", from: "--store" };
  }
  const fromEnvironment = input.environment["ARTIFOLD_STORE"];
  if (fromEnvironment !== undefined && fromEnvironment !== "") {
    return { value: path.resolve(input.cwd, fromEnvironment), origin: "environment", from: "ARTIFOLD_STORE" };
  }
  const nearest = nearestStore(input.cwd);
  if (nearest !== undefined) return { value: nearest, origin: "folder", from: nearest };
  return { value: path.join(userFolders(input.environment).data, "store"), origin: "user" };
}

function nearestStore(cwd: string): string | undefined {
  for (let folder = path.resolve(cwd); ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, STORE_FOLDER_NAME);
    if (lookIfAllowed(nodeFileSystem, path.join(candidate, storeNames.mark)) !== undefined) return candidate;
    if (path.dirname(folder) === folder) return undefined;
  }
}

/** Settings that files and environment may give. */
export interface Settings {
  /** Of the current run, unless flags say something else. */
  readonly team: Setting<string>;
  readonly experiment: Setting<string>;
  readonly user?: Setting<string>;
  /** Where the server is: HOST:PORT. */
  readonly httpHost: Setting<string>;
  /** Whether an upload is pushed: "on", or anything else for no. */
  readonly autoPush: Setting<string>;
  /** The run that uploads and downloads belong to. */
  readonly run?: CurrentRun;
}

/** The team of artifacts that are not put into one. */
export const DEFAULT_TEAM = "local";
/** The experiment of artifacts that are not put into one. */
export const DEFAULT_EXPERIMENT = "uncategorized";

/** The file of a folder's or user's settings. */
const CONFIG_FILE = "config.json";

/** What a file of settings may say. */
type SettingName = "team" | "experiment" | "user" | "httpHost" | "autoPush";

/** The environment variables of settings. */
const variables: Record<SettingName, string> = {
  team: "ARTIFOLD_TEAM",
  experiment: "ARTIFOLD_EXPERIMENT",
  user: "ARTIFOLD_USER",
  httpHost: "ARTIFOLD_HTTP_HOST",
  autoPush: "ARTIFOLD_AUTO_PUSH",
};

/**
 * The settings that hold: flag, else environment, else folder, else user, else default. A current run gives its team and
 * experiment in the place of what its origin says of them.
 */
export function resolveSettings(
  flags: { readonly team?: string | undefined; readonly experiment?: string | undefined },
  input: ResolveInput,
): Settings {
  const folderFile = path.join(nearestStore(input.cwd) ?? path.join(input.cwd, STORE_FOLDER_NAME), CONFIG_FILE);
  const userFile = userSettingsFile(input.environment);
  const [folder, user] = [readConfig(folderFile), readConfig(userFile)];
  const run = resolveCurrentRun(input, resolveStore(input).value);
  const ofRun = (origin: Origin, name: SettingName): Setting<string> | undefined => {
    if (run?.origin !== origin || run.isElsewhere || (name !== "team" && name !== "experiment")) return undefined;
    const value = run.ref[name];
    return value === undefined ? undefined : { value, origin, from: run.from };
  };
  const setting = (name: SettingName): Setting<string> | undefined => {
    const flag = name === "team" || name === "experiment" ? flags[name] : undefined;
    if (flag !== undefined) return { value: flag, origin: "flag", from: `--${name}` };
    const fromEnvironment = input.environment[variables[name]];
    return (
      ofRun("environment", name) ??
      (fromEnvironment ? { value: fromEnvironment, origin: "environment", from: variables[name] } : undefined) ??
      ofRun("folder", name) ??
      (folder[name] === undefined ? undefined : { value: folder[name], origin: "folder", from: folderFile }) ??
      (user[name] === undefined ? undefined : { value: user[name], origin: "user", from: userFile })
    );
  };
  const named = setting("user");
  return {
    team: setting("team") ?? { value: DEFAULT_TEAM, origin: "default" },
    experiment: setting("experiment") ?? { value: DEFAULT_EXPERIMENT, origin: "default" },
    httpHost: setting("httpHost") ?? { value: DEFAULT_HTTP_HOST, origin: "default" },
    autoPush: setting("autoPush") ?? { value: "off", origin: "default" },
    ...(named !== undefined && { user: named }),
    ...(run !== undefined && { run }),
  };
}

/** The file of the user's own settings. */
export function userSettingsFile(environment: NodeJS.ProcessEnv): string {
  return path.join(userFolders(environment).config, CONFIG_FILE);
}

/** Changes the user's own settings; what else the file says stays. @throws ArtifoldError USAGE, READ_FAILED, WRITE_FAILED */
export async function changeUserSettings(
  environment: NodeJS.ProcessEnv,
  changes: { readonly httpHost?: string; readonly autoPush?: string },
): Promise<void> {
  const file = userSettingsFile(environment);
  const text = `${JSON.stringify({ ...parseConfig(file), ...changes }, undefined, 2)}\n`;
  try {
    await makeFolders(nodeFileSystem, path.dirname(file));
    await publishFile(nodeFileSystem, file, Buffer.from(text));
  } catch (error) {
    throw new ArtifoldError("WRITE_FAILED", `cannot write ${file}: ${errnoOf(error) ?? String(error)}`, {
      cause: error,
      info: { path: file, errno: errnoOf(error) },
    });
  }
}

/** The settings of a file that are text; others are none of ours. */
function readConfig(file: string): { readonly [name in SettingName]?: string } {
  const names = Object.keys(variables) as SettingName[];
  const config = parseConfig(file);
  return Object.fromEntries(names.flatMap((name) => (typeof config[name] === "string" ? [[name, config[name]]] : [])));
}

function parseConfig(file: string): Record<string, unknown> {
  const bytes = readSettings(file);
  if (bytes === undefined) return {};
  try {
    return { ...(JSON.parse(Buffer.from(bytes).toString("utf8")) as object) };
  } catch (error) {
    throw new ArtifoldError("USAGE", `${file} is not JSON`, { cause: error, hint: "Mend it or remove it." });
  }
}

function readSettings(file: string): Uint8Array | undefined {
  try {
    return readWholeFile(nodeFileSystem, file);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    // A file `.artifold` is none of ours, and holds no settings.
    if (errno === "ENOTDIR") return undefined;
    throw new ArtifoldError("READ_FAILED", `the settings in ${file} cannot be read: ${errno}`, {
      cause: error,
      info: { path: file, errno },
      hint: "Give yourself the right to read them, or move them away.",
    });
  }
}
