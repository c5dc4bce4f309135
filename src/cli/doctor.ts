/** `doctor`: shows paths, settings and parts, and whether they work. */
import path from "node:path";
import { Locks, sqliteVersion } from "../catalog/index.ts";
import { blake3Implementation } from "../digest/index.ts";
import { isArtifoldError } from "../errors.ts";
import { compressionImplementation, prepareCompression } from "../objects/index.ts";
import { diskSpace, kindOf, namesIn, networkFileSystem, nodeFileSystem, userFolders } from "../platform/index.ts";
import {
  type CurrentRun,
  countLogins,
  loginsFile,
  parseHttpHost,
  type Setting,
  Store,
  storeExists,
  storeNames,
  userSettingsFile,
} from "../store/index.ts";
import { LINKED_FOLDER } from "../worktree/index.ts";
import type { Run } from "./command.ts";
import { nameOfRun } from "./current-run.ts";
import { versionText } from "./help.ts";
import { alignColumns, formatBytes, formatCount, safe } from "./text.ts";

/** One thing that was looked at. */
interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly value: string;
  /** Where it comes from, or what to do about it. */
  readonly detail: string;
}

export async function run(run: Run): Promise<number> {
  const findings = [...(await parts()), ...settings(run), logins(run), ...(await storeFindings(run))];
  const ok = findings.every((finding) => finding.ok);
  const rows = findings.map(({ name, ok: fine, value, detail }) => [
    fine ? run.output.paint("32", "ok") : run.output.paint("31", "!!"),
    name,
    safe(value),
    detail === "" ? "" : `(${safe(detail)})`,
  ]);
  run.output.result({ ok, findings }, ok ? "ok" : "not ok", alignColumns(rows));
  return ok ? 0 : 1;
}

/** The program and its native parts. */
async function parts(): Promise<Finding[]> {
  const findings: Finding[] = [
    { name: "artifold", ok: true, value: versionText(), detail: "" },
    { name: "node", ok: true, value: process.version, detail: process.execPath },
  ];
  findings.push(await tried("SQLite", async () => sqliteVersion()));
  findings.push({ name: "BLAKE3", ok: true, value: blake3Implementation(), detail: "" });
  findings.push(
    await tried("zstd", async () => {
      await prepareCompression();
      return compressionImplementation();
    }),
  );
  return findings;
}

/** Every path and setting, and where it comes from. */
function settings({ context }: Run): Finding[] {
  const folders = userFolders(context.environment);
  const shown = (name: string, setting: Setting<string>): Finding => ({
    name,
    ok: true,
    value: setting.value,
    detail: setting.from === undefined ? setting.origin : `${setting.origin}: ${setting.from}`,
  });
  return [
    shown("store", context.store),
    shown("team", context.settings.team),
    shown("experiment", context.settings.experiment),
    ...currentRun(context.settings.run),
    httpHost(shown("server", context.settings.httpHost)),
    ...context.problems.map(({ message, hint }) => ({
      name: "settings",
      ok: false,
      value: message,
      detail: hint ?? "",
    })),
    { name: "user settings", ok: true, value: userSettingsFile(context.environment), detail: "user" },
    { name: "user data", ok: true, value: folders.data, detail: "user" },
    { name: "user cache", ok: true, value: folders.cache, detail: "user" },
  ];
}

/** Where the server is, if that is a place. */
function httpHost(finding: Finding): Finding {
  try {
    parseHttpHost(finding.value);
    return finding;
  } catch (error) {
    return { ...finding, ok: false, value: (error as Error).message };
  }
}

/** The keys for servers. What is no login among them is passed over by all others. */
function logins({ context: { environment } }: Run): Finding {
  const file = loginsFile(environment);
  try {
    const { entries, unsound } = countLogins(environment);
    if (unsound === 0) return { name: "logins", ok: true, value: formatCount(entries, "server"), detail: file };
    const value = `${unsound} of ${entries} are not sound`;
    return { name: "logins", ok: false, value, detail: `log in again to these servers: ${file}` };
  } catch (error) {
    return failed("logins", error);
  }
}

/** The run that uploads belong to. One of another store is worth a look: nothing is written down for it. */
function currentRun(run: CurrentRun | undefined): Finding[] {
  if (run === undefined) return [];
  const detail = `${run.origin}: ${run.from}${run.isElsewhere ? "; it is in another store" : ""}`;
  return [{ name: "run", ok: true, value: nameOfRun(run), detail }];
}

async function storeFindings({ call, context }: Run): Promise<Finding[]> {
  const folder = context.store.value;
  const findings: Finding[] = [];
  const looked = await tried("the store", async () => (storeExists(folder) ? "there" : "not made yet"));
  if (!looked.ok) return [looked];
  if (looked.value !== "there") return [{ ...looked, detail: "the first upload makes it" }];
  const trust = {
    trustOwner: call.flag("trust-owner"),
    allowNetworkFileSystem: call.flag("allow-network-file-system"),
  };
  findings.push(
    await tried("the store", async () => {
      const store = await Store.open(folder, { create: false, ...trust });
      const { damage } = store;
      await store.close();
      if (damage.length > 0) throw new Error(`${damage[0]?.file} is damaged: run artifold verify`);
      return "opens";
    }),
  );
  findings.push(
    await tried("locks", async () => {
      const locks = new Locks(path.join(folder, storeNames.locks));
      try {
        (await locks.writer(1000))();
        return "can be taken";
      } finally {
        locks.close();
      }
    }),
  );
  const network = networkFileSystem(folder);
  findings.push({ name: "file system", ok: network === undefined, value: network ?? "local", detail: "" });
  const { free, total } = diskSpace(folder);
  findings.push({
    name: "disk",
    ok: free > 0,
    value: `${formatBytes(free)} free of ${formatBytes(total)}`,
    detail: "",
  });
  findings.push(...linkedFiles(folder));
  return findings;
}

/** What downloads with --link keep beside the store. It may go at any time when nobody uses the store. */
function linkedFiles(store: string): Finding[] {
  const folder = path.join(store, LINKED_FOLDER);
  if (nodeFileSystem.lookAt(folder) === undefined) return [];
  let [files, bytes] = [0, 0];
  for (const name of namesIn(nodeFileSystem, folder)) {
    const stat = nodeFileSystem.lookAt(path.join(folder, name));
    if (stat === undefined || kindOf(stat) !== "file") continue;
    files++;
    bytes += stat.size;
  }
  const value = `${formatCount(files, "file")}, ${formatBytes(bytes)}`;
  return [{ name: "linked files", ok: true, value, detail: `a cache: ${folder} may be removed` }];
}

async function tried(name: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return { name, ok: true, value: await look(), detail: "" };
  } catch (error) {
    return failed(name, error);
  }
}

function failed(name: string, error: unknown): Finding {
  const hint = isArtifoldError(error) ? (error.hint ?? "") : "";
  return { name, ok: false, value: (error as Error).message, detail: hint };
}
