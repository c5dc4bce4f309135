/** Finds out what a place really guarantees, by trying: not every server keeps what its protocol promises (rule R28). */
import { isArtifoldError } from "../errors.ts";
import { randomBytes, randomHex } from "../platform/index.ts";
import type { Remote, RemoteCallOptions } from "./remote.ts";

/** What a place may be used for. */
export type RemoteVerdict =
  /** By everybody, to read and to write. */
  | "fine"
  /** To read, and to be written to by one writer at a time, opened with `writers: "one"`. */
  | "single writer"
  /** To read, if at all. */
  | "read only";

/** One thing that was looked at. */
export interface RemoteFinding {
  readonly level: "fine" | "note" | "bad";
  /** What was looked at, in a few words. */
  readonly what: string;
  /** What was seen, as one sentence. */
  readonly detail: string;
}

/** What came out. */
export interface RemoteReport {
  readonly verdict: RemoteVerdict;
  readonly findings: readonly RemoteFinding[];
}

/** How to check. */
export interface CheckRemoteOptions {
  /** Hears each finding as it is made. */
  readonly onFinding?: ((finding: RemoteFinding) => void) | undefined;
  /** Tries bodies of 17 MiB too, which go another way to some places. */
  readonly large?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

const RIVALS = 32;
const ROUNDS = 4;
const LARGE_BYTES = 17 * 1024 * 1024;
const LISTED_KEYS = 24;

/**
 * Tries a place under a random prefix, and deletes behind itself what it made.
 *
 * @param open called twice: two connections to the same place; they are closed behind it
 * @throws ArtifoldError when the place cannot be judged: UNREACHABLE, NOT_FOUND, NO_SPACE, or DENIED for reading too
 */
export async function checkRemote(
  open: () => Remote | Promise<Remote>,
  options: CheckRemoteOptions = {},
): Promise<RemoteReport> {
  const remote = await open();
  try {
    const other = await open();
    try {
      return await new Check(remote, other, options).run();
    } finally {
      await other.close();
    }
  } finally {
    await remote.close();
  }
}

class Check {
  readonly #remote: Remote;
  readonly #other: Remote;
  readonly #options: CheckRemoteOptions;
  readonly #call: RemoteCallOptions;
  readonly #base = `check/${randomHex(16)}/`;
  readonly #findings: RemoteFinding[] = [];
  #verdict: RemoteVerdict = "fine";

  constructor(remote: Remote, other: Remote, options: CheckRemoteOptions) {
    this.#remote = remote;
    this.#other = other;
    this.#options = options;
    this.#call = { signal: options.signal };
  }

  async run(): Promise<RemoteReport> {
    // Where not even this can be read, the error says all there is to say.
    await this.#remote.read(`${this.#base}absent`, undefined, this.#call);
    if (await this.#mayCreate()) {
      try {
        await this.#try("bodies", () => this.#bodies());
        await this.#try("ranges", () => this.#ranges());
        await this.#try("creating at once", () => this.#races());
        await this.#try("lists", () => this.#lists());
        if (this.#options.large) await this.#try("large bodies", () => this.#largeBodies());
        await this.#try("deleting", () => this.#deletes());
        this.#durability();
      } finally {
        await this.#tidy();
      }
    }
    return { verdict: this.#verdict, findings: this.#findings };
  }

  /** An answer that breaks the rules is a finding like others, and no reason not to look at the rest. */
  async #try(what: string, look: () => Promise<void>): Promise<void> {
    try {
      await look();
    } catch (error) {
      if (!isArtifoldError(error, "DAMAGED")) throw error;
      this.#bad(what, error.message, "read only");
    }
  }

  async #mayCreate(): Promise<boolean> {
    try {
      await this.#remote.create(`${this.#base}first`, new Uint8Array([1]), this.#call);
      return true;
    } catch (error) {
      if (!isArtifoldError(error, "DENIED")) throw error;
      const isForOne = this.#remote.traits.creates === "by one writer";
      this.#bad("creating", error.message, isForOne ? "single writer" : "read only");
      return false;
    }
  }

  async #bodies(): Promise<void> {
    const bodies = [new Uint8Array(), new Uint8Array([0]), randomBytes(1_000_003)];
    for (const [number, body] of bodies.entries()) {
      const key = `${this.#base}body/${number}`;
      await this.#remote.create(key, body, this.#call);
      const read = await this.#other.read(key, undefined, this.#call);
      if (!isEqual(read, body)) {
        return this.#bad("bodies", `${body.length} bytes were created and others read`, "read only");
      }
    }
    this.#fine("bodies", "what was created is read as it was, by another connection too");
  }

  async #ranges(): Promise<void> {
    const key = `${this.#base}range/0`;
    const body = randomBytes(1000);
    await this.#remote.create(key, body, this.#call);
    for (const [offset, length] of [
      [0, 1],
      [10, 20],
      [999, 1],
      [990, 100],
      [1000, 5],
      [5000, 5],
      [7, 0],
    ] as const) {
      const read = await this.#other.read(key, { offset, length }, this.#call);
      if (!isEqual(read, body.slice(offset, offset + length))) {
        return this.#bad("ranges", `a range of ${length} bytes at ${offset} of 1,000 gave others`, "read only");
      }
    }
    this.#fine("ranges", "each gave what is there of it");
  }

  /** Many create one key at once, with bytes of their own each: one wins, and its bytes stay. */
  async #races(): Promise<void> {
    for (let round = 0; round < ROUNDS; round++) {
      const key = `${this.#base}race/${round}`;
      const bodies = Array.from({ length: RIVALS }, () => randomBytes(64));
      if (!(await this.#race(key, bodies, "creating at once"))) return;
      const late = await this.#remote.create(key, randomBytes(64), this.#call);
      if (late !== "exists") {
        return this.#bad("creating again", "a key that was there was created once more", "single writer");
      }
    }
    this.#fine("creating at once", `of ${RIVALS} creates of one key one won, ${ROUNDS} times`);
  }

  async #race(key: string, bodies: readonly Uint8Array[], what: string): Promise<boolean> {
    const answers = await Promise.all(
      bodies.map((body, number) => (number % 2 ? this.#remote : this.#other).create(key, body, this.#call)),
    );
    const winners = bodies.filter((_, number) => answers[number] === "created");
    if (winners.length !== 1) {
      const detail = `of ${bodies.length} creates of one key ${winners.length} were told that they won`;
      this.#bad(what, detail, "single writer");
      return false;
    }
    for (const reader of [this.#remote, this.#other]) {
      if (isEqual(await reader.read(key, undefined, this.#call), winners[0])) continue;
      this.#bad(what, "the bytes that are there are not those of the create that won", "single writer");
      return false;
    }
    return true;
  }

  async #lists(): Promise<void> {
    const folder = `${this.#base}list/`;
    const keys = Array.from({ length: LISTED_KEYS }, (_, number) => `${folder}${number}`);
    for (const [number, key] of keys.entries()) await this.#remote.create(key, new Uint8Array(number), this.#call);
    const listed = await this.#listed(folder);
    const expected = keys.map((key, number) => `${key}:${number}`).sort(byKey);
    if (listed.join() !== expected.join()) {
      return this.#bad("lists", "what was just created is not listed, whole and in order", "read only");
    }
    const middle = expected[LISTED_KEYS / 2 - 1]?.split(":")[0];
    if ((await this.#listed(folder, middle)).join() !== expected.slice(LISTED_KEYS / 2).join()) {
      return this.#bad("lists", "a list that begins after a key is not what is behind it", "read only");
    }
    this.#fine("lists", "what was just created is listed, in order, by another connection too");
  }

  async #listed(prefix: string, after?: string): Promise<string[]> {
    const found: string[] = [];
    for await (const { key, size } of this.#other.list(prefix, after, this.#call)) found.push(`${key}:${size}`);
    return found;
  }

  async #largeBodies(): Promise<void> {
    const bodies = [randomBytes(LARGE_BYTES), randomBytes(LARGE_BYTES)];
    if (await this.#race(`${this.#base}large/0`, bodies, "large bodies")) {
      this.#fine("large bodies", "of two creates of 17 MiB one won");
    }
  }

  async #deletes(): Promise<void> {
    const key = `${this.#base}body/1`;
    try {
      await this.#remote.delete(key, this.#call);
    } catch (error) {
      if (!isArtifoldError(error, "DENIED")) throw error;
      return this.#tell("note", "deleting", "it is not allowed, so nothing here can be cleaned up");
    }
    const isGone = (await this.#other.read(key, undefined, this.#call)) === undefined;
    if (!isGone || (await this.#listed(key)).length > 0) {
      return this.#bad("deleting", "a key that was deleted is still there", "read only");
    }
    this.#fine("deleting", "a deleted key is gone, for another connection too");
  }

  #durability(): void {
    const { durable, creates } = this.#remote.traits;
    const details = {
      flushed: "what was created is flushed to the disk before it is said to be there",
      "body flushed": "content is flushed to the disk; its name may be lost with the power in the seconds after",
      promised: "the provider promises that what was created stays",
      unknown: "nothing is known of what a loss of power does",
    } as const;
    this.#tell(durable === "flushed" || durable === "promised" ? "fine" : "note", "durability", details[durable]);
    if (creates === "by one writer") this.#bad("writers", "it was opened for one writer", "single writer");
  }

  /** Deletes what was made, without the caller's signal: an abort is no reason to leave it. */
  async #tidy(): Promise<void> {
    try {
      for await (const { key } of this.#remote.list(this.#base)) await this.#remote.delete(key);
    } catch (error) {
      if (!isArtifoldError(error)) throw error;
      this.#tell("note", "tidying", `keys that begin with ${this.#base} could not be deleted`);
    }
  }

  #fine(what: string, detail: string): void {
    this.#tell("fine", what, detail);
  }

  #bad(what: string, detail: string, verdict: Exclude<RemoteVerdict, "fine">): void {
    if (this.#verdict !== "read only") this.#verdict = verdict;
    this.#tell("bad", what, detail);
  }

  #tell(level: RemoteFinding["level"], what: string, detail: string): void {
    const finding = { level, what, detail };
    this.#findings.push(finding);
    this.#options.onFinding?.(finding);
  }
}

function isEqual(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one !== undefined && other !== undefined && Buffer.compare(one, other) === 0;
}

function byKey(one: string, other: string): number {
  const [first, second] = [one.split(":")[0] as string, other.split(":")[0] as string];
  return first < second ? -1 : 1;
}
