/** Puts frames into packs of a push, one pack of each kind at a time, and sends those that are full. */
import type { PackName } from "../logs/index.ts";
import type { EncodedFrames, PackKind } from "../objects/index.ts";
import { NewPack } from "./new-pack.ts";
import type { PackSender } from "./pack-sender.ts";
import type { SentObjects } from "./sent-objects.ts";

/** Where frames begin that were put into a pack. */
export interface PackedAt {
  /** Number of the pack among those of the push. */
  readonly pack: number;
  readonly offset: number;
}

/** The packs of one kind. */
export class Packing {
  readonly #kind: PackKind;
  readonly #group: string;
  readonly #sent: SentObjects;
  readonly #sender: PackSender;
  readonly #onSealed: (pack: number, name: PackName) => void;
  #current: { readonly pack: NewPack; readonly number: number } | undefined;

  constructor(
    kind: PackKind,
    group: string,
    to: { readonly sent: SentObjects; readonly sender: PackSender },
    onSealed: (pack: number, name: PackName) => void = () => {},
  ) {
    this.#kind = kind;
    this.#group = group;
    this.#sent = to.sent;
    this.#sender = to.sender;
    this.#onSealed = onSealed;
  }

  /** Makes sure that all of these frames come into one pack. @returns its number, and where the first will begin */
  async prepare(all: readonly EncodedFrames[]): Promise<PackedAt> {
    if (this.#current !== undefined && !this.#current.pack.hasRoomFor(all)) await this.seal();
    this.#current ??= { pack: new NewPack(this.#kind, this.#sender.memory()), number: this.#sent.begin() };
    return { pack: this.#current.number, offset: this.#current.pack.length };
  }

  /** Puts frames behind what was put before. */
  async add(frames: EncodedFrames): Promise<PackedAt> {
    const { pack } = await this.prepare([frames]);
    const offset = (this.#current as { pack: NewPack }).pack.add(frames);
    this.#sent.add(frames, pack, offset);
    return { pack, offset };
  }

  /** Ends the pack in the making and has it sent. */
  async seal(): Promise<void> {
    const current = this.#current;
    if (current === undefined || current.pack.isEmpty) return;
    this.#current = undefined;
    const ready = current.pack.seal(this.#group);
    this.#sent.name(current.number, ready.name);
    this.#onSealed(current.number, ready.name);
    await this.#sender.send(ready);
  }
}
