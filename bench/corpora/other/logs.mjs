/** Logs of services: each night the files get other names, the oldest goes, and a new one is begun. */
import { renameSync, rmSync } from "node:fs";
import path from "node:path";
import { writeBlocks } from "../files.mjs";
import { lineBlocks } from "../lines.mjs";

const BYTES = 18 << 20;
const KEPT = 5;
const services = ["gateway", "orders", "search", "worker"];
const levels = ["INFO", "INFO", "INFO", "INFO", "INFO", "DEBUG", "DEBUG", "WARN", "ERROR"];
const paths = ["/v1/items", "/v1/items/search", "/v1/users", "/v1/orders", "/health", "/metrics"];
const START_MS = Date.UTC(2026, 0, 1);

export function logs(scale) {
  const bytes = Math.max(1 << 16, Math.round(BYTES * scale));
  const mib = Math.round((bytes * services.length * (KEPT + 1)) / 2 ** 20);
  return {
    about: `logs of ${services.length} services, ${KEPT + 1} of each, ${mib} MiB in all`,
    make: (tree) => {
      for (const service of services)
        for (let age = 0; age <= KEPT; age++) writeLog(tree, service, age, KEPT - age, bytes);
    },
    changes: {
      v2: {
        about: "each turned: every file renamed, the oldest deleted, a new one begun",
        make: (tree) => {
          for (const service of services) {
            rmSync(fileOf(tree, service, KEPT));
            for (let age = KEPT; age > 0; age--) renameSync(fileOf(tree, service, age - 1), fileOf(tree, service, age));
            writeLog(tree, service, 0, KEPT + 1, bytes >> 2);
          }
        },
      },
    },
    steps: ["first", "unchanged", "v2", "download", "switch", "verify"],
  };
}

function fileOf(tree, service, age) {
  return path.join(tree, service, age === 0 ? "current.log" : `current.log.${age}`);
}

function writeLog(tree, service, age, day, bytes) {
  let ms = START_MS + day * 86_400_000;
  const lineOf = (_, next, word) => {
    ms += next() % 40;
    const level = levels[next() % levels.length];
    const request = `${next().toString(16).padStart(8, "0")}${next().toString(16).padStart(8, "0")}`;
    const where = `${paths[next() % paths.length]}/${next() % 5000}`;
    const message = level === "INFO" ? `GET ${where} 200 ${next() % 900}ms` : `${word()} ${word()} ${word()} ${where}`;
    return `${new Date(ms).toISOString()} ${level} ${service} [${request}] ${message}`;
  };
  writeBlocks(fileOf(tree, service, age), lineBlocks(`logs ${service} ${day}`, bytes, lineOf));
}
