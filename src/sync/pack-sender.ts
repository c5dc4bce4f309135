/** Creates packs on a remote, several at once, and makes whoever brings more wait while as many are under way. */
import { type PackName, packKey } from "../logs/index.ts";
import type { Remote, RemoteCallOptions } from "../remote/index.ts";
import { REMOTE_PACK_BYTES_MAX, type ReadyPack } from "./new-pack.ts";

/** Packs that are created at once. Each is as long in memory as it is. */
export const PACKS_AT_ONCE: number = 4;

/** The packs of one push on their way. */
export class PackSender {
  readonly #remote: Remote;
  readonly #call: RemoteCallOptions;
  readonly #underWay = new Set<Promise<void>>();
  readonly #created: PackName[] = [];
  /** Memory of packs that are there. */
  readonly #free: Uint8Array[] = [];
  #failure: { readonly error: unknown } | undefined;

  constructor(remote: Remote, call: RemoteCallOptions) {
    this.#remote = remote;
    this.#call = call;
  }

  /** The packs that are there. */
  get created(): readonly PackName[] {
    return this.#created;
  }

  /** Where the next pack is made. */
  memory(): Uint8Array {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(REMOTE_PACK_BYTES_MAX);
  }

  /** Settles when the pack is under way; rejects when one before it failed. */
  async send(pack: ReadyPack): Promise<void> {
    while (this.#underWay.size >= PACKS_AT_ONCE) await Promise.race(this.#underWay);
    this.#tell();
    const creating = this.#create(pack).finally(() => this.#underWay.delete(creating));
    this.#underWay.add(creating);
  }

  /** Settles when all packs are there. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#tell();
  }

  async #create({ name, bytes, memory }: ReadyPack): Promise<void> {
    try {
      await this.#remote.create(packKey(name), bytes, this.#call);
      this.#created.push(name);
      this.#free.push(memory);
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  #tell(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
