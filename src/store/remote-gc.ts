/**
 * gc of a remote, in the steps that note 009 argues for: look, entomb, fence, look again, save, tell, delete. It may die
 * anywhere, and others may push, or collect, meanwhile.
 */
import { type Catalog, livingManifests, logPosition, remoteArtifacts, remoteExperiments } from "../catalog/index.ts";
import { type Digest, digestFromBytes } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import {
  artifactLog,
  encodeTombstones,
  epochOfTombstones,
  experimentLog,
  type LogName,
  NAMES_LOG,
  PACK_PREFIX,
  type PackName,
  packKey,
  TOMBSTONES_MAX,
  TOMBSTONES_PREFIX,
  tombstonesKey,
} from "../logs/index.ts";
import { randomHex } from "../platform/index.ts";
import type { Remote } from "../remote/index.ts";
import {
  copyObjects,
  type DoomedObject,
  type IndexedPack,
  type ListedPack,
  listPacks,
  Reachable,
  type RemoteSession,
  readTables,
  readTombstones,
  readTombstonesAt,
  writeBase,
} from "../sync/index.ts";
import { treeSource } from "./bring.ts";
import { catchUp, knowSteps } from "./catch-up.ts";
import type { Engine } from "./engine.ts";
import { withLogs } from "./log-reading.ts";
import { type RemoteOptions, RemoteWork, type Traffic } from "./remote-work.ts";

/** How to collect. */
export interface RemoteGcOptions extends RemoteOptions {
  /** Says what would go, and takes nothing away. */
  readonly dryRun?: boolean | undefined;
}

/** What a gc came to. */
export interface RemoteGcResult extends Traffic {
  readonly url: string;
  /** Bytes of packs that went, less those of packs that were made for what is still needed of them. */
  readonly removedBytes: number;
  readonly removedPacks: number;
  /** Objects that went. */
  readonly removedObjects: number;
  /** Versions that live, and were kept. */
  readonly keptVersions: number;
}

/** A pack goes when no more of it than this is needed. */
const WORTH_KEEPING = 0.25;
const EPOCH_TRIES_MAX = 100;

/** Takes away from a remote what no living version needs. @throws ArtifoldError as `push`; DAMAGED where something is missing */
export function collectRemote(engine: Engine, options: RemoteGcOptions = {}): Promise<RemoteGcResult> {
  return RemoteWork.with(engine, { ...options, writes: true }, async (work) => {
    const session = await work.session();
    if (session === undefined) throw new TypeError("a remote that is written to has a mark");
    const release = await engine.use(options.signal);
    try {
      const collection = new Collection(engine, session, work.remote, options);
      const result = await engine.source.lending(session.id, work.remote, () => collection.run());
      return { url: work.remote.url, ...result, ...work.traffic };
    } finally {
      release();
    }
  });
}

class Collection {
  readonly #engine: Engine;
  readonly #session: RemoteSession;
  readonly #remote: Remote;
  readonly #options: RemoteGcOptions;
  readonly #reachable: Reachable;

  constructor(engine: Engine, session: RemoteSession, remote: Remote, options: RemoteGcOptions) {
    this.#engine = engine;
    this.#session = session;
    this.#remote = remote;
    this.#options = options;
    this.#reachable = new Reachable(treeSource(engine.source), options.signal);
  }

  async run(): Promise<Omit<RemoteGcResult, keyof Traffic | "url">> {
    const { call } = this.#session;
    const earlier = await readTombstones(this.#remote, call);
    const listed = await listPacks(this.#remote, PACK_PREFIX, call);
    await this.#look();
    const doomed = await this.#choose(listed, earlier);
    const keptVersions = this.#livingManifests().length;
    const bytesOf = (packs: readonly ListedPack[]): number => packs.reduce((sum, { size }) => sum + size, 0);
    const going = listed.filter(({ name }) => doomed.has(name));
    if (going.length === 0 || this.#options.dryRun === true) {
      if (earlier.size > 0 && this.#options.dryRun !== true) await this.#clear();
      return { removedBytes: bytesOf(going), removedPacks: going.length, removedObjects: 0, keptVersions };
    }
    const epoch = await this.#entomb([...doomed]);
    await this.#fence(epoch);
    await this.#look();
    const { copied, staying, removedObjects } = await this.#save(going);
    await writeBase(this.#remote, epoch, staying, call);
    for (const { name } of going) await this.#remote.delete(packKey(name), call);
    await this.#clear();
    this.#engine.hints.forget(this.#session.id);
    this.#engine.hints.setIndexPosition(this.#session.id, { epoch, slot: 0 });
    const removedBytes = bytesOf(going) - bytesOf(copied);
    return { removedBytes, removedPacks: going.length, removedObjects, keptVersions };
  }

  get #catalog(): Catalog {
    return this.#engine.catalog;
  }

  #livingManifests(): Digest[] {
    return livingManifests(this.#catalog, this.#session.id);
  }

  /** Reads all logs to their ends, and finds what is reachable by them. */
  async #look(): Promise<void> {
    await catchUp(this.#engine, this.#session, NAMES_LOG);
    for await (const { item: log, reading } of withLogs(this.#engine, this.#session, this.#logs(), (log) => log)) {
      await catchUp(this.#engine, this.#session, log, reading);
    }
    for (const manifest of this.#livingManifests()) await this.#reachable.add(manifest);
  }

  #logs(): LogName[] {
    const { id } = this.#session;
    return [
      ...remoteArtifacts(this.#catalog, id).map(({ artifact }) => artifactLog(artifact)),
      ...remoteExperiments(this.#catalog, id).map((experiment) => experimentLog(experiment.id)),
    ];
  }

  /** Packs with nothing in them that is needed, or so little that it is worth copying; and what earlier runs doomed. */
  async #choose(listed: readonly ListedPack[], earlier: ReadonlySet<PackName>): Promise<Set<PackName>> {
    const doomed = new Set<PackName>(earlier);
    for await (const { name, size, table } of readTables(this.#remote, listed, this.#session.call)) {
      if (table === undefined || doomed.has(name)) continue;
      const frames = new Map<number, number>();
      for (let row = 0; row < table.rowCount; row++) {
        const { digest, place } = table.row(row);
        if (this.#reachable.has(digest)) frames.set(place.offset, place.length);
      }
      const needed = [...frames.values()].reduce((sum, length) => sum + length, 0);
      if (needed <= size * WORTH_KEEPING) doomed.add(name);
    }
    return doomed;
  }

  /** Creates the tombstones. @returns their epoch */
  async #entomb(doomed: readonly PackName[]): Promise<number> {
    const { call } = this.#session;
    let epoch = 1 + (logPosition(this.#catalog, this.#session.id, NAMES_LOG)?.epoch ?? 0);
    for await (const { key } of this.#remote.list(TOMBSTONES_PREFIX, undefined, call)) {
      epoch = Math.max(epoch, 1 + (epochOfTombstones(key) ?? 0));
    }
    for (let tries = 0; tries < EPOCH_TRIES_MAX; tries++, epoch++) {
      const first = encodeTombstones(doomed.slice(0, TOMBSTONES_MAX));
      if ((await this.#remote.create(tombstonesKey(epoch, 0), first, call)) === "exists") continue;
      for (let part = 1; part * TOMBSTONES_MAX < doomed.length; part++) {
        const some = doomed.slice(part * TOMBSTONES_MAX, (part + 1) * TOMBSTONES_MAX);
        await this.#remote.create(tombstonesKey(epoch, part), encodeTombstones(some), call);
      }
      return epoch;
    }
    throw new ArtifoldError("BUSY", `${this.#remote.url}: others collect there at the same time`, {
      hint: "Try again.",
    });
  }

  /** Fences `names`, and then each log that it lists up to there. */
  async #fence(epoch: number): Promise<void> {
    await this.#fenceLog(NAMES_LOG, epoch);
    for (const log of this.#logs()) await this.#fenceLog(log, epoch);
  }

  async #fenceLog(log: LogName, epoch: number): Promise<void> {
    const { user: by, clock } = this.#engine;
    for (;;) {
      const { at } = await catchUp(this.#engine, this.#session, log);
      await this.#session.log(log).confirm(at);
      const known = logPosition(this.#catalog, this.#session.id, log)?.epoch ?? 0;
      if (log === NAMES_LOG && known >= epoch) {
        throw new ArtifoldError("BUSY", `${this.#remote.url}: another gc came first`, { hint: "Try again." });
      }
      const written = await this.#session
        .log(log)
        .append(at, [{ event: "fence", epoch }], { roots: [] }, { by, clock });
      if (written === undefined) continue;
      await knowSteps(this.#engine, this.#session, log, [written]);
      return;
    }
  }

  /** Copies what is needed and lies in no pack that stays. @returns what stays, the copies among it */
  async #save(going: readonly ListedPack[]): Promise<{
    readonly copied: readonly ListedPack[];
    readonly staying: readonly IndexedPack[];
    readonly removedObjects: number;
  }> {
    const { call } = this.#session;
    const doomed = await readTombstones(this.#remote, call);
    const listed = (await listPacks(this.#remote, PACK_PREFIX, call)).filter(({ name }) => !doomed.has(name));
    const { needed, objects } = await this.#neededOf(going);
    const staying: IndexedPack[] = [];
    const found = this.#reachable.counting();
    for await (const { name, table } of readTables(this.#remote, listed, call)) {
      if (table === undefined) continue;
      staying.push({ name, table });
      for (let row = 0; row < table.rowCount; row++) {
        const { digest } = table.row(row);
        found.see(digest);
        needed.delete(digestFromBytes(digest));
      }
    }
    for (const digest of needed.keys()) found.seeDigest(digest);
    if (found.missing > 0) {
      throw new ArtifoldError(
        "DAMAGED",
        `${this.#remote.url}: ${found.missing} objects that are needed are in no pack`,
        {
          hint: "Nothing was deleted. `artifold push --whole` from a store that has them sends them again.",
        },
      );
    }
    const made = new Set(await copyObjects(this.#remote, [...needed.values()], randomHex(8), call));
    const copied = (await listPacks(this.#remote, PACK_PREFIX, call)).filter(({ name }) => made.has(name));
    for await (const { name, table } of readTables(this.#remote, copied, call)) {
      if (table !== undefined) staying.push({ name, table });
    }
    return { copied, staying, removedObjects: objects - needed.size };
  }

  /** What is needed of packs that go. */
  async #neededOf(
    going: readonly ListedPack[],
  ): Promise<{ readonly needed: Map<Digest, DoomedObject>; readonly objects: number }> {
    const needed = new Map<Digest, DoomedObject>();
    let objects = 0;
    for await (const { name, table } of readTables(this.#remote, going, this.#session.call)) {
      for (let row = 0; row < (table?.rowCount ?? 0); row++) {
        const { digest, place } = (table as NonNullable<typeof table>).row(row);
        objects++;
        if (!this.#reachable.has(digest)) continue;
        const id = digestFromBytes(digest);
        needed.set(id, { digest: id, pack: name, place });
      }
    }
    return { needed, objects };
  }

  /** Deletes tombstones whose packs are all gone. */
  async #clear(): Promise<void> {
    const { call } = this.#session;
    const keys: string[] = [];
    for await (const { key } of this.#remote.list(TOMBSTONES_PREFIX, undefined, call)) {
      if (epochOfTombstones(key) !== undefined) keys.push(key);
    }
    const there = new Set((await listPacks(this.#remote, PACK_PREFIX, call)).map(({ name }) => name));
    for (const key of keys) {
      const packs = await readTombstonesAt(this.#remote, key, call);
      if (!packs.some((pack) => there.has(pack))) await this.#remote.delete(key, call);
    }
  }
}
