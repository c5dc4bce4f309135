/** Tables of the catalog. Everything in them follows from the journal and the packs; nothing is kept here alone. */
import type { Database } from "./database.ts";

/** Raised when the tables change: a catalog of another version is built anew from the journal. */
export const CATALOG_VERSION = 7;
/** "AFct": marks the file as a catalog of artifold. */
const APPLICATION_ID = 0x41466374;

const tables = `
  -- How far the journal is applied: one row.
  CREATE TABLE journal (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    segment INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    digest TEXT NOT NULL
  );
  CREATE TABLE artifact (
    id INTEGER PRIMARY KEY,
    artifact TEXT NOT NULL UNIQUE,
    team TEXT NOT NULL,
    experiment TEXT NOT NULL,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    highest INTEGER NOT NULL DEFAULT 0,
    -- The remote that gives its numbers, by its id.
    home TEXT,
    UNIQUE (team, experiment, type, name)
  );
  CREATE INDEX artifact_by_name ON artifact (name);
  CREATE TABLE version (
    id INTEGER PRIMARY KEY,
    version TEXT NOT NULL UNIQUE,
    artifact INTEGER NOT NULL REFERENCES artifact,
    number INTEGER NOT NULL,
    manifest TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    record BLOB NOT NULL,
    message TEXT NOT NULL,
    metadata TEXT NOT NULL,
    entries INTEGER NOT NULL,
    files INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    new_bytes INTEGER NOT NULL,
    removed INTEGER NOT NULL DEFAULT 0,
    -- Whether its number is for good: home, or a mirror of it, has it.
    published INTEGER NOT NULL DEFAULT 0,
    -- Whether it had a lower number, which somebody else's version got on home.
    displaced INTEGER NOT NULL DEFAULT 0,
    -- The remote that has its content, where not all of it may be here.
    elsewhere TEXT,
    UNIQUE (artifact, number)
  );
  CREATE INDEX version_by_content ON version (artifact, manifest);
  -- Versions with the content of another one, under whose number they are found.
  CREATE TABLE also_made (
    version TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    record BLOB NOT NULL,
    message TEXT NOT NULL,
    metadata TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX also_made_by_holder ON also_made (holder);
  -- Counting and paging read nothing else: a version's row is long.
  CREATE INDEX version_by_life ON version (artifact, removed, number, created_at);
  CREATE INDEX version_by_time ON version (removed, created_at, version);
  CREATE TABLE tag (
    artifact INTEGER NOT NULL REFERENCES artifact,
    tag TEXT NOT NULL,
    version TEXT NOT NULL,
    PRIMARY KEY (artifact, tag)
  ) WITHOUT ROWID;
  CREATE INDEX tag_by_version ON tag (version);
  -- Remotes by the names that they have here.
  CREATE TABLE remote (
    name TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    id TEXT,
    writers TEXT
  ) WITHOUT ROWID;
  -- How far each log of each remote was read, by the remote's id.
  CREATE TABLE log_position (
    remote TEXT NOT NULL,
    log TEXT NOT NULL,
    slot INTEGER NOT NULL,
    digest TEXT NOT NULL,
    -- The highest epoch of the fences in it.
    epoch INTEGER NOT NULL,
    PRIMARY KEY (remote, log)
  ) WITHOUT ROWID;
  -- What the logs of remotes say: artifacts, versions, tags.
  CREATE TABLE remote_artifact (
    remote TEXT NOT NULL,
    artifact TEXT NOT NULL,
    team TEXT NOT NULL,
    experiment TEXT NOT NULL,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    home TEXT NOT NULL,
    PRIMARY KEY (remote, artifact),
    UNIQUE (remote, team, experiment, type, name)
  ) WITHOUT ROWID;
  CREATE TABLE remote_experiment (
    remote TEXT NOT NULL,
    id TEXT NOT NULL,
    team TEXT NOT NULL,
    experiment TEXT NOT NULL,
    PRIMARY KEY (remote, id)
  ) WITHOUT ROWID;
  CREATE TABLE remote_version (
    remote TEXT NOT NULL,
    version TEXT NOT NULL,
    artifact TEXT NOT NULL,
    -- NULL for one that is found under another's number.
    number INTEGER,
    removed INTEGER NOT NULL DEFAULT 0,
    message TEXT NOT NULL,
    metadata TEXT NOT NULL,
    PRIMARY KEY (remote, version)
  ) WITHOUT ROWID;
  CREATE INDEX remote_version_by_number ON remote_version (remote, artifact, number);
  CREATE TABLE remote_tag (
    remote TEXT NOT NULL,
    artifact TEXT NOT NULL,
    tag TEXT NOT NULL,
    version TEXT NOT NULL,
    PRIMARY KEY (remote, artifact, tag)
  ) WITHOUT ROWID;
  -- Runs, with their config as it is now, and how they ended.
  CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL UNIQUE,
    team TEXT NOT NULL,
    experiment TEXT NOT NULL,
    name TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    record BLOB NOT NULL,
    config TEXT NOT NULL,
    state TEXT,
    ended_at INTEGER,
    exit_code INTEGER,
    signal TEXT
  );
  CREATE INDEX run_by_start ON run (started_at, run);
  CREATE INDEX run_by_experiment ON run (team, experiment, started_at, run, name);
  CREATE INDEX run_by_name ON run (name);
  -- Which run used or made which version. Either may be known by its id alone.
  CREATE TABLE lineage (
    id INTEGER PRIMARY KEY,
    link TEXT NOT NULL,
    run TEXT NOT NULL,
    version TEXT NOT NULL,
    UNIQUE (version, run, link)
  );
  CREATE INDEX lineage_by_version ON lineage (version, link);
  CREATE INDEX lineage_by_run ON lineage (run, link);
  -- Runs as a log tells of them, and how they are joined with versions there.
  CREATE TABLE remote_run (
    remote TEXT NOT NULL,
    -- The artifact or experiment whose log tells of it.
    owner TEXT NOT NULL,
    run TEXT NOT NULL,
    config TEXT NOT NULL,
    state TEXT,
    ended_at INTEGER,
    exit_code INTEGER,
    signal TEXT,
    PRIMARY KEY (remote, owner, run)
  ) WITHOUT ROWID;
  CREATE TABLE remote_link (
    remote TEXT NOT NULL,
    link TEXT NOT NULL,
    run TEXT NOT NULL,
    version TEXT NOT NULL,
    PRIMARY KEY (remote, version, run, link)
  ) WITHOUT ROWID;
  -- Folded names of each kind and place, so that no two of them look alike.
  CREATE TABLE folded (
    scope TEXT NOT NULL,
    folded TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (scope, folded)
  ) WITHOUT ROWID;
  -- What log shows: the entries of the journal without their content.
  CREATE TABLE operation (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    changes TEXT NOT NULL
  );
  -- Packs and sealed segments, in the order in which they became part of the store.
  CREATE TABLE content_file (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    bytes INTEGER NOT NULL
  );
  -- Where the objects of the journal's last segment lie; sealed segments have tables of their own. A position is an index
  -- in a frame; of a delta it is -1 less the index.
  CREATE TABLE place (
    digest BLOB PRIMARY KEY,
    offset INTEGER NOT NULL,
    length INTEGER NOT NULL,
    position INTEGER NOT NULL
  ) WITHOUT ROWID;
`;

/** Whether the database is a catalog of this version, filled or empty. */
export function isCatalog(database: Database): boolean {
  return (
    database.pragma("application_id", { simple: true }) === APPLICATION_ID &&
    database.pragma("user_version", { simple: true }) === CATALOG_VERSION
  );
}

/** Makes the tables in an empty database. */
export function createTables(database: Database): void {
  database.exec(tables);
  database.pragma(`application_id = ${APPLICATION_ID}`);
  database.pragma(`user_version = ${CATALOG_VERSION}`);
}
