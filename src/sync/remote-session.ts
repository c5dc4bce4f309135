/** A remote that is talked to: which one it is, and its logs. */
import { type Digest, digestFromBytes } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import { decodeMark, encodeMark, type LogName, MARK_BYTES_MAX, MARK_KEY } from "../logs/index.ts";
import { randomBytes } from "../platform/index.ts";
import type { Remote, RemoteCallOptions } from "../remote/index.ts";
import { noParts, type PartMemory } from "./cached-parts.ts";
import { decodedAt } from "./decoded-at.ts";
import type { IndexTail } from "./index-tail.ts";
import { RemoteLog } from "./remote-log.ts";

/** How to begin. */
export interface SessionOptions {
  /** The id that the remote had when it was last talked to. */
  readonly expected?: Digest | undefined;
  /** Makes it a remote where it is an empty place. */
  readonly create?: boolean | undefined;
  readonly call?: RemoteCallOptions | undefined;
  /** Gives what is remembered of the logs of a remote. */
  readonly partsOf?: ((remote: Digest) => PartMemory) | undefined;
}

/** A longer run is rather read back than kept in memory. */
const INDEX_END_BYTES_MAX: number = 512 * 1024;
/** Logs that are remembered, of a remote with many: more than are read ahead and pushed together. */
const LOGS_MAX = 64;

/** A remote whose mark was read. */
export class RemoteSession {
  readonly remote: Remote;
  readonly id: Digest;
  /** Whether this session made it: then there is nothing in it yet. */
  readonly isNew: boolean;
  readonly call: RemoteCallOptions;
  readonly #parts: PartMemory;
  readonly #logs = new Map<LogName, RemoteLog>();
  #indexEnd: IndexTail | undefined;

  private constructor(remote: Remote, id: Digest, isNew: boolean, call: RemoteCallOptions, parts: PartMemory) {
    this.remote = remote;
    this.id = id;
    this.isNew = isNew;
    this.call = call;
    this.#parts = parts;
  }

  /**
   * Reads the mark of a remote.
   *
   * @returns `undefined` for an empty place, unless it is to be made a remote
   * @throws ArtifoldError CONFLICT when another remote is there than was expected; DAMAGED, FORMAT_UNSUPPORTED, and what the
   *   remote says
   */
  static async open(remote: Remote, options: SessionOptions = {}): Promise<RemoteSession | undefined> {
    const { expected, create = false, call = {}, partsOf } = options;
    const range = { offset: 0, length: MARK_BYTES_MAX };
    const read = async (): Promise<Digest | undefined> => {
      const bytes = await remote.read(MARK_KEY, range, call);
      return bytes && decodedAt(remote, MARK_KEY, () => decodeMark(bytes)).id;
    };
    let id = await read();
    let isNew = false;
    if (id === undefined && expected !== undefined) throw isGone(remote, expected);
    if (id === undefined && create) {
      const own = digestFromBytes(randomBytes(32));
      isNew = (await remote.create(MARK_KEY, encodeMark({ id: own }), call)) === "created";
      // Somebody else may have made it at the same moment.
      id = isNew ? own : await read();
    }
    if (id === undefined) return undefined;
    if (expected !== undefined && id !== expected) throw isAnother(remote, expected, id);
    return new RemoteSession(remote, id, isNew, call, partsOf?.(id) ?? noParts);
  }

  /** The end of the index where this session added to it last, so that its own run is not read back. */
  get indexEnd(): IndexTail | undefined {
    return this.#indexEnd;
  }

  set indexEnd(tail: IndexTail | undefined) {
    const isSmall = (tail?.newest?.bytes.length ?? 0) <= INDEX_END_BYTES_MAX;
    this.#indexEnd = isSmall ? tail : undefined;
  }

  /** A log, which remembers the last steps that were read of it. */
  log(name: LogName): RemoteLog {
    const known = this.#logs.get(name);
    if (known !== undefined) return known;
    const log = new RemoteLog(this.remote, name, this.call, this.#parts);
    this.#logs.set(name, log);
    if (this.#logs.size > LOGS_MAX) this.#logs.delete(this.#logs.keys().next().value as LogName);
    return log;
  }
}

const hint = "If that is meant, forget it with `artifold remote rm NAME` and add it again.";

function isGone({ url }: Remote, expected: Digest): ArtifoldError {
  return new ArtifoldError("CONFLICT", `${url} is empty, and was a remote before`, {
    hint,
    info: { remote: url, expected },
  });
}

function isAnother({ url }: Remote, expected: Digest, found: Digest): ArtifoldError {
  return new ArtifoldError("CONFLICT", `${url} is another remote than before`, {
    hint,
    info: { remote: url, expected, found },
  });
}
