/** Where a platform keeps a user's data and settings. */
import os from "node:os";
import path from "node:path";

/** The folders of one user for artifold. */
export interface UserFolders {
  /** Data that cannot be made again: the default store. */
  readonly data: string;
  /** Settings. */
  readonly config: string;
  /** What can be made again. */
  readonly cache: string;
}

/**
 * The per-user folders of this platform: XDG on Linux and other Unix systems, Library on macOS, AppData on Windows.
 *
 * @param environment the process environment, given so that the library itself never reads it
 */
export function userFolders(environment: NodeJS.ProcessEnv): UserFolders {
  const home = environment["HOME"] || os.homedir();
  if (process.platform === "win32") {
    const local = environment["LOCALAPPDATA"] || path.join(home, "AppData", "Local");
    const roaming = environment["APPDATA"] || path.join(home, "AppData", "Roaming");
    return {
      data: path.join(local, "artifold"),
      config: path.join(roaming, "artifold"),
      cache: path.join(local, "artifold", "cache"),
    };
  }
  if (process.platform === "darwin") {
    const library = path.join(home, "Library");
    const support = path.join(library, "Application Support", "artifold");
    return { data: support, config: support, cache: path.join(library, "Caches", "artifold") };
  }
  return {
    data: path.join(absolute(environment["XDG_DATA_HOME"]) ?? path.join(home, ".local", "share"), "artifold"),
    config: path.join(absolute(environment["XDG_CONFIG_HOME"]) ?? path.join(home, ".config"), "artifold"),
    cache: path.join(absolute(environment["XDG_CACHE_HOME"]) ?? path.join(home, ".cache"), "artifold"),
  };
}

/** The XDG specification ignores paths that are not absolute. */
function absolute(value: string | undefined): string | undefined {
  return value !== undefined && path.isAbsolute(value) ? value : undefined;
}

/** The name of the user who runs the process, for the record of who made a version. */
export function userName(environment: NodeJS.ProcessEnv): string {
  try {
    return os.userInfo().username;
  } catch {
    // A container may run as a user id that has no name.
    return environment["USER"] || environment["USERNAME"] || "unknown";
  }
}
