/** Rooms of the source that the package does not export, built for one run of a measurement. */
import { mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Builds rooms together, so that they share what they share in the package; removed when the process ends.
 *
 * @returns the folder, for other processes: `importRooms` takes it
 */
export async function buildRooms(...rooms) {
  // Beside node_modules, where what they import is found.
  const folder = mkdtempSync(path.join(root, "node_modules", ".bench-rooms-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  await build({
    cwd: root,
    input: Object.fromEntries(rooms.map((room) => [room.replaceAll("/", "-"), `src/${room}.ts`])),
    platform: "node",
    external: [/^node:/, /^[^./]/],
    transform: { define: { ARTIFOLD_VERSION: JSON.stringify("bench") } },
    logLevel: "silent",
    output: { dir: folder, format: "esm", entryFileNames: "[name].mjs", chunkFileNames: "chunk-[name]-[hash].mjs" },
  });
  return folder;
}

/** Imports what `buildRooms` built, by its path in `src`. */
export function importRoom(folder, room) {
  return import(pathToFileURL(path.join(folder, `${room.replaceAll("/", "-")}.mjs`)));
}
