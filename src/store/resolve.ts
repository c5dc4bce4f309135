/** Finds which store a command or `openStore()` means, and which settings hold. */
import path from "node:path";
import { ArtifoldError, errnoOf } from "../errors.ts";
import { nodeFileSystem, readWholeFile, userFolders } from "../platform/index.ts";
import { STORE_FOLDER_NAME } from "../worktree/index.ts";
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

/** What is given to the resolution: the library reads nothing of it by itself. */
export interface ResolveInput {
  readonly store?: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
  /** The folder that the search for `.artifold` begins in. */
  readonly cwd: string;
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
    if (nodeFileSystem.lookAt(path.join(candidate, storeNames.mark)) !== undefined) return candidate;
    if (path.dirname(folder) === folder) return undefined;
  }
}

/** Settings that files and environment may give. */
export interface Settings {
  readonly team: Setting<string>;
  readonly experiment: Setting<string>;
  readonly user?: Setting<string>;
}

/** The team of artifacts that are not put into one. */
export const DEFAULT_TEAM = "local";
/** The experiment of artifacts that are not put into one. */
export const DEFAULT_EXPERIMENT = "uncategorized";

/** The file of a folder's or user's settings. */
export const CONFIG_FILE = "config.json";

/** The settings that hold: flag, else environment, else folder, else user, else default. */
export function resolveSettings(
  flags: { readonly team?: string | undefined; readonly experiment?: string | undefined },
  input: ResolveInput,
): Settings {
  const folderFile = path.join(nearestStore(input.cwd) ?? path.join(input.cwd, STORE_FOLDER_NAME), CONFIG_FILE);
  const userFile = path.join(userFolders(input.environment).config, CONFIG_FILE);
  const [folder, user] = [readConfig(folderFile), readConfig(userFile)];
  const setting = (name: "team" | "experiment" | "user", fallback?: string): Setting<string> | undefined => {
    const variable = `ARTIFOLD_${name.toUpperCase()}`;
    const flag = name === "user" ? undefined : flags[name];
    if (flag !== undefined) return { value: flag, origin: "flag", from: `--${name}` };
    const fromEnvironment = input.environment[variable];
    if (fromEnvironment) return { value: fromEnvironment, origin: "environment", from: variable };
    if (folder[name] !== undefined) return { value: folder[name], origin: "folder", from: folderFile };
    if (user[name] !== undefined) return { value: user[name], origin: "user", from: userFile };
    return fallback === undefined ? undefined : { value: fallback, origin: "default" };
  };
  const user_ = setting("user");
  return {
    team: setting("team", DEFAULT_TEAM) as Setting<string>,
    experiment: setting("experiment", DEFAULT_EXPERIMENT) as Setting<string>,
    ...(user_ === undefined ? {} : { user: user_ }),
  };
}

function readConfig(file: string): { team?: string; experiment?: string; user?: string } {
  const bytes = readSettings(file);
  if (bytes === undefined) return {};
  try {
    const config = JSON.parse(Buffer.from(bytes).toString("utf8")) as Record<string, unknown>;
    const text = (key: string): Record<string, string> =>
      typeof config[key] === "string" ? { [key]: config[key] as string } : {};
    return { ...text("team"), ...text("experiment"), ...text("user") };
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
    throw new ArtifoldError("READ_FAILED", `the settings in ${file} cannot be read: ${errno}`, {
      cause: error,
      info: { path: file, errno },
      hint: "Give yourself the right to read them, or move them away.",
    });
  }
}
