/**
 * Hashes a file while another thread writes it: what is checked is what was written, and neither waits for the other.
 */
import { contentHasher, type Digest, type Hasher } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import { type FileSystem, openFlags, readFully } from "../platform/index.ts";

/** What is asked of a thread that follows a writer. */
export type FollowRequest =
  | { readonly op: "follow-begin"; readonly path: string }
  /** The file is written up to here. */
  | { readonly op: "follow-on"; readonly follower: number; readonly to: number }
  /** Gives the digest of what was hashed, and forgets the file. */
  | { readonly op: "follow-end"; readonly follower: number };

/** Answer to "follow-begin" and "follow-end". */
export interface Followed {
  readonly follower: number;
  readonly digest?: Digest;
}

interface Follower {
  readonly fd: number;
  readonly hasher: Hasher;
  at: number;
}

/** How much is read at once. */
const WINDOW_BYTES: number = 1024 * 1024;

/** The files that one thread follows. */
export class FollowingHashes {
  readonly #fs: FileSystem;
  readonly #followers = new Map<number, Follower>();
  #window: Buffer | undefined;
  #nextId = 1;

  constructor(fs: FileSystem) {
    this.#fs = fs;
  }

  handle(request: FollowRequest): Followed | undefined {
    if (request.op === "follow-begin") {
      const follower = this.#nextId++;
      const fd = this.#fs.open(request.path, openFlags.read);
      this.#followers.set(follower, { fd, hasher: contentHasher(), at: 0 });
      return { follower };
    }
    const follower = this.#followers.get(request.follower) as Follower;
    if (request.op === "follow-on") {
      this.#hashTo(follower, request.to);
      return undefined;
    }
    this.#followers.delete(request.follower);
    this.#fs.close(follower.fd);
    return { follower: request.follower, digest: follower.hasher.digest() };
  }

  close(): void {
    for (const { fd } of this.#followers.values()) this.#fs.close(fd);
    this.#followers.clear();
  }

  #hashTo(follower: Follower, to: number): void {
    this.#window ??= Buffer.allocUnsafeSlow(WINDOW_BYTES);
    while (follower.at < to) {
      const wanted = this.#window.subarray(0, Math.min(WINDOW_BYTES, to - follower.at));
      const read = readFully(this.#fs, follower.fd, wanted, follower.at);
      if (read === 0) throw new ArtifoldError("WRITE_FAILED", "a file that is being written became shorter meanwhile");
      follower.hasher.update(wanted.subarray(0, read));
      follower.at += read;
    }
  }
}
