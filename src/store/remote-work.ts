/** A remote that is worked with for the length of one call: opened, measured, and closed again. */
import type { RemoteRow } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { PACK_PREFIX } from "../logs/index.ts";
import type { LongCallOptions } from "../progress.ts";
import { dryRemote, Meter, type Remote } from "../remote/index.ts";
import { cachedParts, RemoteSession } from "../sync/index.ts";
import type { Engine } from "./engine.ts";
import { ensureWritable, noteRemote, openChosen, type RemoteChoice } from "./remotes.ts";

/** What every call to a remote takes. */
export interface RemoteOptions extends LongCallOptions {
  /** A name, an address or an open remote. Default: the only one, or the one named "origin" or "server". */
  readonly remote?: RemoteChoice | undefined;
}

/** How to work. */
export interface WorkOptions extends RemoteOptions {
  /** Whether it is to be written to. Nothing is done to it in a dry run. */
  readonly writes?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  readonly isSingleWriter?: boolean | undefined;
}

/** What was moved. */
export interface Traffic {
  /** Real requests, tries that failed included. */
  readonly requests: number;
  /** Bytes of bodies and lists; of a dry run, those that would be sent. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** A remote being worked with. */
export class RemoteWork {
  readonly engine: Engine;
  readonly remote: Remote;
  readonly row: RemoteRow | undefined;
  readonly options: WorkOptions;
  readonly #meter: Meter;
  readonly #dryBytes: () => number;

  private constructor(
    engine: Engine,
    opened: { readonly remote: Remote; readonly row: RemoteRow | undefined },
    options: WorkOptions,
    measures: { readonly meter: Meter; readonly dryBytes: () => number },
  ) {
    this.engine = engine;
    this.remote = opened.remote;
    this.row = opened.row;
    this.options = options;
    this.#meter = measures.meter;
    this.#dryBytes = measures.dryBytes;
  }

  /** Opens the remote that is meant, has work done, and closes it. */
  static async with<Result>(
    engine: Engine,
    options: WorkOptions,
    action: (work: RemoteWork) => Promise<Result>,
  ): Promise<Result> {
    await engine.refresh();
    const { remote: choice, isSingleWriter, writes = false, dryRun = false } = options;
    const opened = await openChosen(engine, choice, { makeFolder: writes && !dryRun, isSingleWriter });
    try {
      if (writes && !dryRun) await ensureWritable(engine, opened, options);
      const meter = new Meter();
      let dryBytes = 0;
      const measured = meter.measure(opened.remote);
      const onChange = ({ size = 0 }): void => {
        dryBytes += size;
      };
      // Packs are not read by whoever made them, and would take the room of what is.
      const keeps = (key: string): boolean => !key.startsWith(PACK_PREFIX);
      const remote = dryRun ? dryRemote(measured, { onChange, keeps }) : measured;
      const work = new RemoteWork(engine, { remote, row: opened.row }, options, { meter, dryBytes: () => dryBytes });
      return await action(work);
    } finally {
      if (opened.isOwn) await opened.remote.close();
    }
  }

  get traffic(): Traffic {
    const { requests, sentBytes, receivedBytes } = this.#meter;
    return { requests, sentBytes: sentBytes + this.#dryBytes(), receivedBytes };
  }

  /** Reads the remote's mark. @returns `undefined` for an empty place that is only read */
  async session(): Promise<RemoteSession | undefined> {
    const { writes = false, dryRun = false, signal } = this.options;
    const expected: Digest | undefined = this.row?.id ?? undefined;
    const partsOf = (remote: Digest) => cachedParts(this.engine.hints, remote);
    const session = await RemoteSession.open(this.remote, { expected, create: writes, call: { signal }, partsOf });
    if (session !== undefined && this.row !== undefined && !dryRun) {
      await noteRemote(this.engine, this.row, { id: session.id });
    }
    return session;
  }
}
