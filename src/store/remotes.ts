/** The remotes of a store: their names, and what is known of each. */
import path from "node:path";
import { checkName, type RemoteRow, remoteByName, remotes } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import type { LongCallOptions } from "../progress.ts";
import { checkRemote, parseRemoteUrl, type Remote, type RemoteReport } from "../remote/index.ts";
import type { Engine } from "./engine.ts";

/** A remote as it is shown. */
export interface RemoteInfo {
  readonly name: string;
  readonly url: string;
  readonly kind: "folder" | "http" | "s3" | "sftp";
  /** The remote's own id; null before anybody talked to it. */
  readonly id: Digest | null;
  /** Who may write there: many at once, or one at a time; null where nobody looked. */
  readonly writers: "many" | "one" | null;
}

/** How a name is given or taken away. */
export interface NameRemoteOptions {
  /** Says what would come of it, and changes nothing. */
  readonly dryRun?: boolean | undefined;
}

/** A remote that is meant, opened. */
export interface OpenedRemote {
  readonly remote: Remote;
  /** Its row, for one that has a name here. */
  readonly row: RemoteRow | undefined;
  /** Whether the caller closes it. */
  readonly isOwn: boolean;
}

/** Which remote: a name, an address (it has "://", or begins with ".", "/" or "~"), or a remote of the caller's. */
export type RemoteChoice = string | Remote;

/** Whether a text is an address, and no name. */
export function isAddress(text: string): boolean {
  return text.includes("://") || /^[./~\\]/.test(text) || /^[A-Za-z]:[\\/]/.test(text);
}

/** All remotes that have a name. */
export function remoteInfos(engine: Engine): RemoteInfo[] {
  return remotes(engine.catalog).map(infoOf);
}

function infoOf({ name, url, id, writers }: RemoteRow): RemoteInfo {
  return { name, url, kind: parseRemoteUrl(url, "/").kind, id, writers };
}

/**
 * Gives a remote a name.
 *
 * @param from the folder that a path is relative to
 * @throws ArtifoldError NAME_INVALID, USAGE (what is no address), CONFLICT (the name is another remote's)
 */
export async function addRemote(
  engine: Engine,
  name: string,
  url: string,
  from: string,
  { dryRun }: NameRemoteOptions,
): Promise<RemoteInfo> {
  const checked = checkName("remote", name);
  const plain = plainAddress(url, from);
  await engine.refresh();
  const named = { name: checked, url: plain, id: null, writers: null };
  const knownAlready = (): RemoteRow | undefined => {
    const known = remoteByName(engine.catalog, checked);
    if (known === undefined || known.url === plain) return known;
    throw new ArtifoldError("CONFLICT", `${checked} is the name of ${known.url}`, {
      hint: `Forget it first with \`artifold remote rm ${checked}\`, or choose another name.`,
    });
  };
  if (dryRun === true) return infoOf(knownAlready() ?? named);
  await engine.commit(() => (knownAlready() === undefined ? { changes: [{ change: "remote", ...named }] } : undefined));
  return infoOf(remoteByName(engine.catalog, checked) as RemoteRow);
}

/** An address as it is kept: of a folder its path, whole. @throws ArtifoldError USAGE */
function plainAddress(url: string, from: string): string {
  const address = parseRemoteUrl(url, from);
  return address.kind === "folder" ? path.resolve(from, address.folder) : address.url;
}

/** Has a place be found by its id at the address that it has now. What has the name already and is another place keeps it. */
export async function placeRemote(engine: Engine, name: string, url: string, id: Digest): Promise<void> {
  const plain = plainAddress(url, ".");
  await engine.refresh();
  if (placedRow(engine, name, plain, id) === undefined) return;
  await engine.commit(() => {
    const row = placedRow(engine, name, plain, id);
    return row === undefined ? undefined : { changes: [{ change: "remote", ...row }] };
  });
}

/** The row of a place under a name, or the name with a number; `undefined` where it is there as it should be. */
function placedRow(engine: Engine, name: string, url: string, id: Digest): RemoteRow | undefined {
  const all = remotes(engine.catalog);
  const here = all.find((row) => row.url === url && (row.id === id || row.id === null));
  if (here !== undefined) return here.id === id ? undefined : { ...here, id };
  for (let number = 1; ; number++) {
    const each = number === 1 ? name : `${name}-${number}`;
    const row = all.find((other) => other.name === each);
    if (row === undefined) return { name: each, url, id, writers: null };
    // It has moved.
    if (row.id === id) return { ...row, url };
  }
}

/** Takes a name away. What is on the remote stays. @throws ArtifoldError NOT_FOUND */
export async function forgetRemote(engine: Engine, name: string, { dryRun }: NameRemoteOptions): Promise<RemoteInfo> {
  await engine.refresh();
  const known = remoteByName(engine.catalog, name.normalize("NFC"));
  if (known === undefined) throw unknownRemote(engine, name);
  if (dryRun === true) return infoOf(known);
  await engine.commit(() => ({
    changes: [{ change: "remote", name: known.name, url: null, id: null, writers: null }],
  }));
  return infoOf(known);
}

/**
 * Opens the remote that is meant; without a choice the only one, or the one named "origin" or "server".
 *
 * @throws ArtifoldError NOT_FOUND, USAGE
 */
export async function openChosen(
  engine: Engine,
  choice: RemoteChoice | undefined,
  options: { readonly makeFolder?: boolean; readonly isSingleWriter?: boolean | undefined } = {},
): Promise<OpenedRemote> {
  if (choice !== undefined && typeof choice !== "string") return { remote: choice, row: undefined, isOwn: false };
  const row = choice === undefined ? defaultRemote(engine) : rowOf(engine, choice);
  const url = row?.url ?? (choice as string);
  const writers = options.isSingleWriter === true ? "one" : undefined;
  // A folder that was a remote once and is gone is a disk that is not connected.
  const makeFolder = options.makeFolder === true && (row?.id ?? null) === null;
  return { remote: await engine.openRemote(url, { writers, makeFolder }), row, isOwn: true };
}

/** The row of a name or of an address that has one; `undefined` for another address. */
function rowOf(engine: Engine, choice: string): RemoteRow | undefined {
  const all = remotes(engine.catalog);
  if (isAddress(choice)) return all.find(({ url }) => url === choice);
  const row = all.find(({ name }) => name === choice.normalize("NFC"));
  if (row === undefined) throw unknownRemote(engine, choice);
  return row;
}

/** Names of remotes that are meant where none is told. */
const DEFAULT_NAMES = ["origin", "server"];

function defaultRemote(engine: Engine): RemoteRow {
  const all = remotes(engine.catalog);
  const [only, another] = all;
  if (only !== undefined && another === undefined) return only;
  const named = DEFAULT_NAMES.map((name) => all.find((row) => row.name === name)).find((row) => row !== undefined);
  if (named !== undefined) return named;
  throw new ArtifoldError("USAGE", only === undefined ? "this store has no remote" : "this store has several remotes", {
    hint:
      only === undefined
        ? "Add one with `artifold remote add NAME URL`."
        : `Say which: ${all.map(({ name }) => name).join(", ")}.`,
  });
}

function unknownRemote(engine: Engine, name: string): ArtifoldError {
  const names = remotes(engine.catalog).map((row) => row.name);
  return new ArtifoldError("NOT_FOUND", `there is no remote ${name}`, {
    hint:
      names.length === 0
        ? "Add one with `artifold remote add NAME URL`."
        : `There are ${names.join(", ")}. An address has :// in it, or begins with . or /.`,
  });
}

/** Notes what was found out about a remote that has a name. */
export async function noteRemote(
  engine: Engine,
  row: RemoteRow,
  found: { readonly id?: Digest; readonly writers?: "many" | "one" },
): Promise<void> {
  const next = { ...row, ...found };
  if (next.id === row.id && next.writers === row.writers) return;
  await engine.commit(() => {
    const now = remoteByName(engine.catalog, row.name);
    if (now?.url !== row.url) return undefined;
    return { changes: [{ change: "remote", ...now, ...found }] };
  });
}

/**
 * Makes sure that a place creates each key once before it is written to.
 *
 * @throws ArtifoldError DENIED for a place that does not, unless its only writer says so
 */
export async function ensureWritable(
  engine: Engine,
  { remote, row }: OpenedRemote,
  call: LongCallOptions,
): Promise<void> {
  const { creates } = remote.traits;
  if (creates === "always" || creates === "by one writer" || row?.writers === "many") return;
  const report = await checkRemote(async () => keptOpen(remote), { signal: call.signal });
  const writers = writersOf(report);
  if (row !== undefined && writers !== undefined) await noteRemote(engine, row, { writers });
  if (writers === "many") return;
  const bad = report.findings.find(({ level }) => level === "bad");
  throw new ArtifoldError("DENIED", `${remote.url} cannot be written to by many: ${bad?.what}: ${bad?.detail}`, {
    hint:
      report.verdict === "single writer"
        ? "Where nobody else ever writes there, say so with --single-writer."
        : "It can be read. Push to another place.",
  });
}

/** Who may write to a place, by what its check found; `undefined` for nobody. */
export function writersOf({ verdict }: RemoteReport): "many" | "one" | undefined {
  if (verdict === "fine") return "many";
  return verdict === "single writer" ? "one" : undefined;
}

/** A remote that whoever checks it does not close. */
function keptOpen(remote: Remote): Remote {
  return {
    url: remote.url,
    get traits() {
      return remote.traits;
    },
    read: (key, range, options) => remote.read(key, range, options),
    create: (key, bytes, options) => remote.create(key, bytes, options),
    list: (prefix, after, options) => remote.list(prefix, after, options),
    delete: (key, options) => remote.delete(key, options),
    close: async () => {},
  };
}
