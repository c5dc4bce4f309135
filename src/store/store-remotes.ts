/** The remotes of a store, by the names that they have in it. */
import type { Digest } from "../digest/index.ts";
import { type CheckRemoteOptions, checkRemote, type RemoteReport } from "../remote/index.ts";
import type { Engine } from "./engine.ts";
import { collectRemote, type RemoteGcOptions, type RemoteGcResult } from "./remote-gc.ts";
import {
  addRemote,
  forgetRemote,
  type NameRemoteOptions,
  noteRemote,
  openChosen,
  placeRemote,
  type RemoteChoice,
  type RemoteInfo,
  remoteInfos,
  writersOf,
} from "./remotes.ts";

/** Names of remotes, and what is known of them. */
export class StoreRemotes {
  readonly #engine: Engine;

  /** Made by the store. */
  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** All remotes that have a name, in the order of their names. */
  async list(): Promise<readonly RemoteInfo[]> {
    await this.#engine.refresh();
    return remoteInfos(this.#engine);
  }

  /**
   * Gives a remote a name. Nothing is asked of it.
   *
   * @param url a path, `file:///dir`, `http(s)://host:port`, `s3://bucket/prefix?endpoint=…&region=…` or `sftp://user@host/dir`
   * @param from the folder that a path is relative to. Default: the working folder
   * @throws ArtifoldError NAME_INVALID, USAGE, CONFLICT (the name is another remote's)
   */
  add(name: string, url: string, from: string = ".", options: NameRemoteOptions = {}): Promise<RemoteInfo> {
    return addRemote(this.#engine, name, url, from, options);
  }

  /**
   * Has a place whose id is known be found here at the address that it has now: under the name that it has, or a new one, which
   * is no other place's.
   */
  place(name: string, url: string, id: Digest): Promise<void> {
    return placeRemote(this.#engine, name, url, id);
  }

  /** Takes a name away. What is on the remote stays. @throws ArtifoldError NOT_FOUND */
  forget(name: string, options: NameRemoteOptions = {}): Promise<RemoteInfo> {
    return forgetRemote(this.#engine, name, options);
  }

  /**
   * Finds out what a place really guarantees, and remembers of one with a name who may write there.
   *
   * @throws ArtifoldError NOT_FOUND, DENIED, UNREACHABLE
   */
  async check(choice: RemoteChoice | undefined, options: CheckRemoteOptions = {}): Promise<RemoteReport> {
    await this.#engine.refresh();
    const opened = await openChosen(this.#engine, choice, { makeFolder: true });
    const row = opened.row;
    if (opened.isOwn) await opened.remote.close();
    const report = await checkRemote(async () => (await openChosen(this.#engine, choice, {})).remote, options);
    const writers = writersOf(report);
    if (row !== undefined && writers !== undefined) await noteRemote(this.#engine, row, { writers });
    return report;
  }

  /**
   * Takes away from a remote what no living version on it needs. Safe beside others who push, and where it dies.
   *
   * @throws ArtifoldError as `Store.push`; DAMAGED where something that is needed is missing: then nothing is taken away
   */
  collect(options: RemoteGcOptions = {}): Promise<RemoteGcResult> {
    return collectRemote(this.#engine, options);
  }
}
