import os from "node:os";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type UserFolders, userFolders, userName } from "../../src/platform/index.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function on(platform: NodeJS.Platform, environment: NodeJS.ProcessEnv) {
  vi.spyOn(process, "platform", "get").mockReturnValue(platform);
  return userFolders(environment);
}

const slashes = (folders: UserFolders) => ({
  data: folders.data.replaceAll("\\", "/"),
  config: folders.config.replaceAll("\\", "/"),
  cache: folders.cache.replaceAll("\\", "/"),
});

describe("the folders of a user", () => {
  test("on Linux follow XDG", () => {
    expect(on("linux", { HOME: "/home/u" })).toEqual({
      data: "/home/u/.local/share/artifold",
      config: "/home/u/.config/artifold",
      cache: "/home/u/.cache/artifold",
    });
    expect(
      on("linux", { HOME: "/home/u", XDG_DATA_HOME: "/data", XDG_CONFIG_HOME: "/etc/u", XDG_CACHE_HOME: "/tmp/u" }),
    ).toEqual({
      data: "/data/artifold",
      config: "/etc/u/artifold",
      cache: "/tmp/u/artifold",
    });
  });

  test("on Linux ignore what XDG says to ignore: empty and relative paths", () => {
    const environment = { HOME: "/home/u", XDG_DATA_HOME: "", XDG_CONFIG_HOME: "relative" };
    expect(on("linux", environment)).toEqual(on("linux", { HOME: "/home/u" }));
  });

  test("on macOS are in the Library", () => {
    const folder = "/Users/u/Library/Application Support/artifold";
    expect(on("darwin", { HOME: "/Users/u", XDG_DATA_HOME: "/data" })).toEqual({
      data: folder,
      config: folder,
      cache: "/Users/u/Library/Caches/artifold",
    });
  });

  test("on Windows are in AppData, data local and settings roaming", () => {
    expect(slashes(on("win32", { HOME: "/h", LOCALAPPDATA: "/local", APPDATA: "/roaming" }))).toEqual({
      data: "/local/artifold",
      config: "/roaming/artifold",
      cache: "/local/artifold/cache",
    });
    expect(slashes(on("win32", { HOME: "/h" }))).toEqual({
      data: "/h/AppData/Local/artifold",
      config: "/h/AppData/Roaming/artifold",
      cache: "/h/AppData/Local/artifold/cache",
    });
  });

  test("without HOME are in the home folder that the system knows", () => {
    vi.spyOn(os, "homedir").mockReturnValue("/from/the/system");
    expect(on("linux", {}).data).toBe("/from/the/system/.local/share/artifold");
  });
});

test("a user without a name in the system has that of the environment, or none", () => {
  vi.spyOn(os, "userInfo").mockImplementation(() => {
    throw new Error("no such user id");
  });
  expect(userName({ USER: "u" })).toBe("u");
  expect(userName({ USERNAME: "w" })).toBe("w");
  expect(userName({})).toBe("unknown");
});

test("the name of the user comes from the system before the environment", () => {
  expect(userName({ USER: "somebody-else" })).toBe(os.userInfo().username);
});
