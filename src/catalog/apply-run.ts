/** Applies to the catalog what the journal says of runs. */
import type { Digest } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import type { RunConfigured, RunEnded, RunStarted } from "../journal/index.ts";
import { decodeRunRecord, type Metadata, runId } from "../manifest/index.ts";
import type { Catalog } from "./catalog.ts";
import { addFolded, nameScopes } from "./folded-names.ts";
import type { LinkKind } from "./lineage.ts";

/** A run began. */
export function addRun(catalog: Catalog, started: RunStarted): void {
  const { team, experiment, name, startedAt, config } = decodeRunRecord(started.record);
  if (runId(started.record) !== started.run) {
    throw new ArtifoldError("DAMAGED", `the journal calls a record ${started.run} that is another one's`);
  }
  catalog
    .statement(
      `INSERT OR IGNORE INTO run (run, team, experiment, name, started_at, record, config)
        VALUES (?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(started.run, team, experiment, name, startedAt, started.record, JSON.stringify(config));
  addFolded(catalog, nameScopes.team(), team);
  addFolded(catalog, nameScopes.experiment(team), experiment);
  addFolded(catalog, nameScopes.run(team, experiment), name);
}

/** A run has another config. */
export function setConfig(catalog: Catalog, configured: RunConfigured): void {
  // Parsed once here, so that what cannot be read fails where it is applied and not where it is asked for.
  const config = JSON.parse(configured.config) as Metadata;
  catalog.statement("UPDATE run SET config = ? WHERE run = ?").run(JSON.stringify(config), configured.run);
}

/** A run ended, or is said to have ended otherwise than was said before. */
export function endRun(catalog: Catalog, ended: RunEnded): void {
  catalog
    .statement("UPDATE run SET state = ?, ended_at = ?, exit_code = ?, signal = ? WHERE run = ?")
    .run(ended.state, ended.at, ended.exitCode, ended.signal, ended.run);
}

/** A run used or made a version. */
export function addLink(catalog: Catalog, link: LinkKind, run: Digest, version: Digest): void {
  catalog.statement("INSERT OR IGNORE INTO lineage (link, run, version) VALUES (?, ?, ?)").run(link, run, version);
}
