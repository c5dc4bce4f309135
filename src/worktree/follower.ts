/** The asking side of `following-hash.ts`: one file that is followed while it is written. */
import type { Digest } from "../digest/index.ts";
import { isArtifoldError } from "../errors.ts";
import { writeError } from "./blob-writer.ts";
import type { ContentPort } from "./content-pool.ts";
import type { Followed, FollowRequest } from "./following-hash.ts";

/** Has a file hashed while it is written. */
export class Follower {
  readonly #port: ContentPort;
  readonly #shown: string;
  #id = 0;
  #pending: Promise<unknown> = Promise.resolve();

  private constructor(port: ContentPort, shown: string) {
    this.#port = port;
    this.#shown = shown;
  }

  /**
   * @param path where the file is while it is written
   * @param shown how its path reads to the user, for errors
   */
  static async begin(port: ContentPort, path: string, shown: string): Promise<Follower> {
    const follower = new Follower(port, shown);
    follower.#id = (await follower.#ask<Followed>({ op: "follow-begin", path })).follower;
    return follower;
  }

  /** The file is written up to here. Waits for what was asked before, so that the two stay close. */
  async goOn(to: number): Promise<void> {
    await this.#pending;
    this.#pending = this.#ask({ op: "follow-on", follower: this.#id, to });
    this.#pending.catch(() => {});
  }

  /** Lets go of the file. @returns the digest of what was written; only once */
  async end(): Promise<Digest> {
    const failed = await this.#pending.then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    const { digest } = await this.#ask<Followed>({ op: "follow-end", follower: this.#id });
    if (failed !== undefined) throw failed.error;
    return digest as Digest;
  }

  async #ask<Answer>(request: FollowRequest): Promise<Answer> {
    try {
      return await this.#port.request<Answer>(request);
    } catch (error) {
      throw isArtifoldError(error) ? error : writeError(this.#shown, error);
    }
  }
}
