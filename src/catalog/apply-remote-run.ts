/** Applies to the catalog what logs of remotes say of runs. */
import type { Digest } from "../digest/index.ts";
import { experimentId, type LinkEvent, type RunEvent } from "../logs/index.ts";
import { decodeRunRecord, runId } from "../manifest/index.ts";
import { addLink, addRun, endRun, setConfig } from "./apply-run.ts";
import type { Catalog } from "./catalog.ts";
import { runById } from "./runs.ts";

/** What changes of a run, in the order of the columns. */
interface RunState {
  readonly config: string;
  readonly state: string | null;
  readonly ended_at: number | null;
  readonly exit_code: number | null;
  readonly signal: string | null;
}

/**
 * A run is there, or is another now. What somebody here has changed of it since stays until it is pushed.
 *
 * @param owner the artifact or experiment whose log says so
 */
export function applyRun(catalog: Catalog, remote: Digest, owner: Digest, event: RunEvent): void {
  const run = runId(event.record);
  const config = JSON.stringify(JSON.parse(event.config));
  const { ending } = event;
  const there: RunState = {
    config,
    state: ending?.state ?? null,
    ended_at: ending?.at ?? null,
    exit_code: ending?.exitCode ?? null,
    signal: ending?.signal ?? null,
  };
  const before = toldBefore(catalog, remote, owner, event.record);
  catalog
    .statement(
      `INSERT OR REPLACE INTO remote_run (remote, owner, run, config, state, ended_at, exit_code, signal)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(remote, owner, run, ...Object.values(there));
  const here = stateHere(catalog, run);
  if (here === undefined) addRun(catalog, { change: "run", run, record: event.record });
  else if (!isSame(here, before)) return;
  setConfig(catalog, { change: "config", run, config });
  if (ending !== null) endRun(catalog, { change: "ended", run, ...ending });
}

/** What the log of the owner said of a run; before it said anything, what that of the run's experiment did. */
function toldBefore(catalog: Catalog, remote: Digest, owner: Digest, record: Uint8Array): RunState | undefined {
  const { team, experiment } = decodeRunRecord(record);
  const told = catalog.statement(
    "SELECT config, state, ended_at, exit_code, signal FROM remote_run WHERE remote = ? AND owner = ? AND run = ?",
  );
  const owners = [owner, experimentId(team, experiment)];
  const [before] = owners.flatMap((each) => told.get(remote, each, runId(record)) ?? []);
  return before as RunState | undefined;
}

/** A run and a version are joined. */
export function applyLink(catalog: Catalog, remote: Digest, { event, run, version }: LinkEvent): void {
  addRemoteLink(catalog, remote, event, run, version);
  addLink(catalog, event, run, version);
}

/** Notes that a log tells of a link, in so many words or by the record of a version. */
function addRemoteLink(catalog: Catalog, remote: Digest, link: "used" | "made", run: Digest, version: Digest): void {
  catalog
    .statement("INSERT OR IGNORE INTO remote_link (remote, link, run, version) VALUES (?, ?, ?, ?)")
    .run(remote, link, run, version);
}

function stateHere(catalog: Catalog, run: Digest): RunState | undefined {
  const row = runById(catalog, run);
  if (row === undefined) return undefined;
  const { config, state, endedAt, exitCode, signal } = row;
  return { config: JSON.stringify(config), state, ended_at: endedAt, exit_code: exitCode, signal };
}

function isSame(left: RunState, right: RunState | undefined): boolean {
  return right !== undefined && JSON.stringify(left) === JSON.stringify({ ...left, ...right });
}
