/** Finds which store a command or `openStore()` means, and which settings hold. */
import path from "node:path";
import { ArtifoldError, errnoOf, isArtifoldError } from "../errors.ts";
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
  /** Whether an upload is pushed: "on" or "off". */
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
 *
 * @param onProblem hears of what cannot be read, or means nothing, and is passed over then; without it that is thrown
 * @throws ArtifoldError USAGE, READ_FAILED
 */
export function resolveSettings(
  flags: { readonly team?: string | undefined; readonly experiment?: string | undefined },
  input: ResolveInput,
  onProblem: OnProblem = raise,
): Settings {
  const folderFile = path.join(nearestStore(input.cwd) ?? path.join(input.cwd, STORE_FOLDER_NAME), CONFIG_FILE);
  const userFile = userSettingsFile(input.environment);
  const [folder, user] = [readConfig(folderFile, onProblem), readConfig(userFile, onProblem)];
  const run = tried(() => resolveCurrentRun(input, resolveStore(input).value), onProblem);
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
    autoPush: onOrOff(setting("autoPush"), onProblem) ?? { value: "off", origin: "default" },
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

/** Hears of settings that cannot be read, or mean nothing. */
type OnProblem = (problem: ArtifoldError) => void;

function raise(problem: ArtifoldError): never {
  throw problem;
}

/** What a look gives; nothing where it finds a problem. */
function tried<Result>(look: () => Result, onProblem: OnProblem): Result | undefined {
  try {
    return look();
  } catch (error) {
    if (!isArtifoldError(error)) throw error;
    onProblem(error);
    return undefined;
  }
}

function onOrOff(setting: Setting<string> | undefined, onProblem: OnProblem): Setting<string> | undefined {
  if (setting === undefined || setting.value === "on" || setting.value === "off") return setting;
  const { from, value } = setting;
  const named = from === variables.autoPush ? from : `autoPush in ${from}`;
  onProblem(new ArtifoldError("USAGE", `${named} is neither on nor off: ${JSON.stringify(value)}`));
  return undefined;
}

/** The settings of a file. What else stands there is none of ours. */
function readConfig(file: string, onProblem: OnProblem): { readonly [name in SettingName]?: string } {
  const config = tried(() => parseConfig(file), onProblem) ?? {};
  const settings: { [name in SettingName]?: string } = {};
  for (const name of Object.keys(variables) as SettingName[]) {
    const value = config[name];
    if (typeof value === "string") settings[name] = value;
    else if (value !== undefined) {
      const hint = "Mend it or remove it.";
      onProblem(new ArtifoldError("USAGE", `${name} in ${file} is no text: ${JSON.stringify(value)}`, { hint }));
    }
  }
  return settings;
}

function parseConfig(file: string): Record<string, unknown> {
  const bytes = readSettings(file);
  if (bytes === undefined) return {};
  const hint = "Mend it or remove it.";
  let config: unknown;
  try {
    config = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    throw new ArtifoldError("USAGE", `${file} is not JSON`, { cause: error, hint });
  }
  if (typeof config === "object" && config !== null && !Array.isArray(config)) return { ...config };
  throw new ArtifoldError("USAGE", `${file} is no object of settings`, { hint });
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
