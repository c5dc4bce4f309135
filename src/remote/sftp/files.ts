/** Files over SFTP: what a create, a read and a list are made of. */
import type { FileEntryWithStats, SFTPWrapper, Stats } from "ssh2";
import { ArtifoldError, type Happened, isArtifoldError } from "../../errors.ts";
import { foreignText, remoteError } from "../errors.ts";
import type { OnTraffic } from "../remote.ts";
import type { SftpSession } from "./connection.ts";

/** Every server takes pieces of this length. */
const PIECE_BYTES = 32 * 1024;
/** Pieces on their way at once: 2 MiB, enough for a gigabit over 16 ms. */
const WINDOW_PIECES = 64;

/** What servers answer with. The protocol has no code for "exists" and none for "full": both are a failure. */
const STATUS = { eof: 1, absent: 2, denied: 3, failure: 4, unsupported: 8 } as const;

/** Calls on the files of one session, as promises. */
export class SftpFiles {
  readonly #session: SftpSession;
  readonly #url: string;

  constructor(session: SftpSession, url: string) {
    this.#session = session;
    this.#url = url;
  }

  isOf(session: SftpSession): boolean {
    return this.#session === session;
  }

  get has(): SftpSession["has"] {
    return this.#session.has;
  }

  open(path: string, flags: "r" | "wx", mode?: number): Promise<Buffer> {
    return this.#run((sftp, done) => sftp.open(path, flags, mode === undefined ? {} : { mode }, done));
  }

  async close(handle: Buffer): Promise<void> {
    await this.#run<void>((sftp, done) => sftp.close(handle, done));
  }

  stat(path: string): Promise<Stats | undefined> {
    return orAbsent(this.#run((sftp, done) => sftp.stat(path, done)));
  }

  lookAt(path: string): Promise<Stats | undefined> {
    return orAbsent(this.#run((sftp, done) => sftp.lstat(path, done)));
  }

  statOpen(handle: Buffer): Promise<Stats> {
    return this.#run((sftp, done) => sftp.fstat(handle, done));
  }

  async makeFolder(path: string, mode: number): Promise<void> {
    await this.#run<void>((sftp, done) => sftp.mkdir(path, { mode }, done));
  }

  async setMode(handle: Buffer, mode: number): Promise<void> {
    await this.#run<void>((sftp, done) => sftp.fchmod(handle, mode, done));
  }

  async flush(handle: Buffer): Promise<void> {
    await this.#run<void>((sftp, done) => sftp.ext_openssh_fsync(handle, done));
  }

  /** Gives a file a second name; fails where that is taken. */
  async addName(path: string, another: string): Promise<void> {
    await this.#run<void>((sftp, done) => sftp.ext_openssh_hardlink(path, another, done));
  }

  /** Renames a file; by the protocol it fails where the name is taken. */
  async rename(from: string, to: string): Promise<void> {
    await this.#run<void>((sftp, done) => sftp.rename(from, to, done));
  }

  async remove(path: string): Promise<void> {
    await this.#run<void>((sftp, done) => sftp.unlink(path, done));
  }

  openFolder(path: string): Promise<Buffer | undefined> {
    return orAbsent(this.#run((sftp, done) => sftp.opendir(path, done)));
  }

  /** The next names of a folder; `undefined` when there are no more. */
  async nextNames(handle: Buffer): Promise<readonly FileEntryWithStats[] | undefined> {
    try {
      return await this.#run((sftp, done) => {
        // Its types only know the call that reads a folder by its path, and all of it at once.
        (sftp as unknown as { readdir(handle: Buffer, done: unknown): void }).readdir(handle, done);
      });
    } catch (error) {
      if (statusOf(error) === STATUS.eof) return undefined;
      throw error;
    }
  }

  /** Free bytes for who is logged in; `undefined` where the server does not say. */
  async freeBytes(path: string): Promise<number | undefined> {
    if (!this.has.statvfs) return undefined;
    const stat = await this.#run<{ f_bavail: number; f_frsize: number }>((sftp, done) =>
      sftp.ext_openssh_statvfs(path, done as never),
    );
    return Number(stat.f_bavail) * Number(stat.f_frsize);
  }

  /** Writes all of the bytes, many pieces on their way at once. */
  async write(handle: Buffer, bytes: Uint8Array, tell: OnTraffic): Promise<void> {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    await inPieces(bytes.length, async (at, length) => {
      await tell("sent", length);
      await this.#run<void>((sftp, done) => sftp.write(handle, buffer, at, length, at, done));
    });
  }

  /** Fills the bytes from a place on. A file that ends before is damage: it was longer a moment ago. */
  async read(handle: Buffer, bytes: Uint8Array, offset: number, tell: OnTraffic): Promise<void> {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    await inPieces(bytes.length, async (at, length) => {
      for (let done = 0; done < length; ) {
        const read = await this.#readSome(handle, buffer, at + done, length - done, offset + at + done);
        await tell("received", read);
        done += read;
      }
    });
  }

  #readSome(handle: Buffer, buffer: Buffer, at: number, length: number, position: number): Promise<number> {
    return this.#run<number>((sftp, done) =>
      sftp.read(handle, buffer, at, length, position, (error, read) => {
        if (error == null && read === 0)
          done(remoteError("DAMAGED", this.#url, "a file became shorter while it was read"));
        else done(error, read);
      }),
    ).catch((error: unknown) => {
      if (statusOf(error) !== STATUS.eof) throw error;
      throw remoteError("DAMAGED", this.#url, "a file became shorter while it was read");
    });
  }

  #run<Result>(call: (sftp: SFTPWrapper, done: (error: unknown, result?: Result) => void) => void): Promise<Result> {
    return this.#session.run(call);
  }
}

/** Runs over a length in pieces, some at once; after the first failure no more are begun. */
async function inPieces(length: number, each: (at: number, length: number) => Promise<void>): Promise<void> {
  let next = 0;
  let hasFailed = false;
  const work = async (): Promise<void> => {
    while (next < length && !hasFailed) {
      const at = next;
      next += PIECE_BYTES;
      try {
        await each(at, Math.min(PIECE_BYTES, length - at));
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  // All are waited for, so that none still uses the buffer when the caller has it back.
  const results = await Promise.allSettled(
    Array.from({ length: Math.min(WINDOW_PIECES, Math.ceil(length / PIECE_BYTES)) }, work),
  );
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

async function orAbsent<Result>(call: Promise<Result>): Promise<Result | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function statusOf(error: unknown): number | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === "number" ? code : undefined;
}

/** Whether a server says that there is nothing of that name. */
export function isAbsent(error: unknown): boolean {
  return statusOf(error) === STATUS.absent;
}

/** Whether a server refused a call for a reason that it does not tell. */
export function isFailure(error: unknown): boolean {
  const status = statusOf(error);
  return status === STATUS.failure || status === STATUS.unsupported || status === STATUS.denied;
}

/** What an error of a call means for the remote. Others pass as they are. */
export function sftpError(error: unknown, url: string, what: string, happened: Happened): unknown {
  const status = statusOf(error);
  if (status === undefined || isArtifoldError(error)) return withOutcome(error, happened);
  const details = { cause: error, happened };
  if (status === STATUS.denied) return remoteError("DENIED", url, `the server does not allow to ${what}`, details);
  if (status === STATUS.absent) return remoteError("NOT_FOUND", url, `nothing is there to ${what}`, details);
  return remoteError(
    "UNREACHABLE",
    url,
    `the server cannot ${what}: ${foreignText((error as Error).message)}`,
    details,
  );
}

/** A connection that is lost before the step that changes something leaves nothing changed. */
function withOutcome(error: unknown, happened: Happened): unknown {
  if (!isArtifoldError(error) || error.happened !== "unknown" || happened === "unknown") return error;
  const { code, message, info, hint, cause } = error;
  return new ArtifoldError(code, message, { info, cause, happened, ...(hint !== undefined && { hint }) });
}
