/** Which packs of a remote are what their names say, found out by reading them: for a push that mends what was damaged. */
import { type Digest, hashContent } from "../digest/index.ts";
import { groupPrefix, type PackName, packDigest, packKey } from "../logs/index.ts";
import { randomHex, sideBySide } from "../platform/index.ts";
import type { Remote, RemoteCallOptions } from "../remote/index.ts";
import { REMOTE_PACK_BYTES_MAX } from "./new-pack.ts";
import { listPacks } from "./packs-of-group.ts";

/** Packs that are read at once: each is in memory until it was hashed. */
const READS_AHEAD = 4;

/** Packs of one remote that were looked at. */
export class SoundPacks {
  readonly #remote: Remote;
  readonly #call: RemoteCallOptions;
  readonly #sound = new Set<PackName>();
  readonly #unsound = new Set<PackName>();

  constructor(remote: Remote, call: RemoteCallOptions) {
    this.#remote = remote;
    this.#call = call;
  }

  /** How many of those that were looked at are gone, or damaged. */
  get unsoundCount(): number {
    return this.#unsound.size;
  }

  /** Whether a pack was looked at, and nothing in it may be relied on. */
  isUnsound(pack: PackName): boolean {
    return this.#unsound.has(pack);
  }

  /** Forgets what was sound: a gc may have taken it away. */
  forget(): void {
    this.#sound.clear();
  }

  /** Reads the packs that were not looked at before. @returns whether all of them are sound */
  async look(packs: Iterable<PackName>): Promise<boolean> {
    const unknown = [...new Set(packs)].filter((pack) => !this.#sound.has(pack));
    let areSound = true;
    const range = { offset: 0, length: REMOTE_PACK_BYTES_MAX };
    const read = async (pack: PackName): Promise<void> => {
      const bytes = await this.#remote.read(packKey(pack), range, this.#call);
      const isSound = bytes !== undefined && hashContent(bytes) === packDigest(pack);
      (isSound ? this.#sound : this.#unsound).add(pack);
      areSound &&= isSound;
    };
    for await (const _ of sideBySide(unknown, READS_AHEAD, read, this.#call.signal)) {
      // What was found out is noted.
    }
    return areSound;
  }

  /**
   * What the names of the packs begin with that mend an artifact: the same after a push that was cut off. It is not that of
   * other pushes, whose packs would get the names of damaged ones that they take the place of.
   */
  async groupFor(artifact: Digest): Promise<string> {
    const group = hashContent(Buffer.from(`whole ${artifact}`)).slice(0, 16);
    const there = await listPacks(this.#remote, groupPrefix(group), this.#call);
    return (await this.look(there.map(({ name }) => name))) ? group : randomHex(8);
  }
}
