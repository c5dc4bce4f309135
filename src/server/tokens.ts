/** Tokens: who may ask a server, and for what. Kept in the store's folder, as hashes. */
import { createHash, timingSafeEqual } from "node:crypto";
import path from "node:path";
import { checkName } from "../catalog/index.ts";
import type { Scope } from "../client/index.ts";
import { hashContent } from "../digest/index.ts";
import { ArtifoldError, errnoOf } from "../errors.ts";
import { lookIfAllowed, publishFile, randomHex, readWholeFile } from "../platform/index.ts";
import type { Engine } from "../store/index.ts";
import { TokenUses } from "./token-uses.ts";

/** What is known of a token. The token itself is nowhere. */
export interface TokenFacts {
  /** 16 hex digits. */
  readonly id: string;
  /** Whose changes are made with it. */
  readonly user: string;
  /** The only team that it is good for; null for all. */
  readonly team: string | null;
  readonly scope: Scope;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** When it ends; null for never. */
  readonly expiresAt: string | null;
}

/** A token in the list of all. */
export interface ListedToken extends TokenFacts {
  /** When it was last shown to a server, to some minutes; null where that is not known. */
  readonly lastUsedAt: string | null;
}

/** What a new token is to be. */
export interface TokenRequest {
  readonly user: string;
  readonly team?: string | undefined;
  readonly scope: Scope;
  /** How long it is good for, in milliseconds; without it until it is revoked. */
  readonly lifetimeMs?: number | undefined;
}

interface TokenRecord extends TokenFacts {
  /** SHA-256 of the secret, hex: enough for what is random. */
  readonly secretHash: string;
}

/** Scopes, each with all that those before it may. */
export const scopes: readonly Scope[] = ["read", "write", "admin"];

const TOKENS_FILE = "tokens.json";
const PREFIX = "artifold_";
const FORM = /^artifold_([0-9a-f]{16})([0-9a-f]{64})([0-9a-f]{8})$/;
const NOBODY = "0".repeat(64);

/**
 * The tokens of a store.
 *
 * A token is `artifold_` and 88 hex digits: its id, a secret of 256 bits, and a checksum, so that scanners for secrets know
 * it when they see it.
 */
export class TokenStore {
  readonly #engine: Engine;
  readonly #file: string;
  readonly #uses: TokenUses;
  #seen: { readonly state: string; readonly records: ReadonlyMap<string, TokenRecord> } | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#file = path.join(engine.folder, TOKENS_FILE);
    this.#uses = new TokenUses(engine, (id) => this.#records().has(id));
  }

  /**
   * Makes a token. It is given once: only its hash is kept.
   *
   * @throws ArtifoldError NAME_INVALID, BUSY, STORE_WRITE_FAILED, DAMAGED
   */
  async create(request: TokenRequest): Promise<{ readonly facts: TokenFacts; readonly token: string }> {
    const user = request.user.normalize("NFC");
    if (user === "" || user.length > 128 || /\p{C}/u.test(user)) {
      throw new ArtifoldError("NAME_INVALID", `not the name of a user: ${JSON.stringify(request.user)}`);
    }
    const now = this.#engine.clock.now();
    const [id, secret] = [randomHex(8), randomHex(32)];
    const facts: TokenFacts = {
      id,
      user,
      team: request.team === undefined ? null : checkName("team", request.team),
      scope: request.scope,
      createdAt: new Date(now).toISOString(),
      expiresAt: request.lifetimeMs === undefined ? null : new Date(now + request.lifetimeMs).toISOString(),
    };
    await this.#change((records) => [...records, { ...facts, secretHash: hashSecret(secret).toString("hex") }]);
    return { facts, token: PREFIX + id + secret + checksum(id + secret) };
  }

  /** All tokens, the oldest first, those that have ended included. */
  list(): ListedToken[] {
    const uses = this.#uses.all();
    return [...this.#records().values()].map(({ secretHash: _, ...facts }) => {
      const at = uses.get(facts.id);
      return { ...facts, lastUsedAt: at === undefined ? null : new Date(at).toISOString() };
    });
  }

  /** What is known of a token. @throws ArtifoldError NOT_FOUND */
  facts(id: string): TokenFacts {
    const record = this.#records().get(id);
    if (record === undefined) {
      throw new ArtifoldError("NOT_FOUND", `there is no token ${JSON.stringify(id)}`, {
        hint: "`artifold token ls` lists what there is.",
      });
    }
    const { secretHash: _, ...facts } = record;
    return facts;
  }

  /** Takes a token back. @throws ArtifoldError NOT_FOUND */
  async revoke(id: string): Promise<void> {
    await this.#change((records) => {
      this.facts(id);
      return records.filter((record) => record.id !== id);
    });
  }

  /** Notes that a token was used. */
  noteUse(id: string): void {
    this.#uses.note(id);
  }

  /** Has it written when tokens were last used. */
  settle(): Promise<void> {
    return this.#uses.settle();
  }

  /** What a token is; `undefined` for one that is not known, or has ended. Takes as long either way. */
  check(token: string): TokenFacts | undefined {
    const [, id = "", secret = "", check] = FORM.exec(token) ?? [];
    const record = check === checksum(id + secret) ? this.#records().get(id) : undefined;
    const isIt = timingSafeEqual(hashSecret(secret), Buffer.from(record?.secretHash ?? NOBODY, "hex"));
    if (record === undefined || !isIt) return undefined;
    if (record.expiresAt !== null && Date.parse(record.expiresAt) <= this.#engine.clock.now()) return undefined;
    const { secretHash: _, ...facts } = record;
    return facts;
  }

  /** Reads the file again only when it is another one. */
  #records(): ReadonlyMap<string, TokenRecord> {
    const { fs } = this.#engine;
    const stat = lookIfAllowed(fs, this.#file);
    const state = stat === undefined ? "" : `${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
    if (this.#seen?.state !== state) {
      const bytes = stat === undefined ? undefined : readWholeFile(fs, this.#file);
      const records = bytes === undefined ? [] : this.#parse(bytes);
      this.#seen = { state, records: new Map(records.map((record) => [record.id, record])) };
    }
    return this.#seen.records;
  }

  #parse(bytes: Uint8Array): readonly TokenRecord[] {
    try {
      const { tokens } = JSON.parse(Buffer.from(bytes).toString()) as { tokens: readonly TokenRecord[] };
      if (tokens.every(isRecord)) return tokens;
    } catch {
      // Said below, as for what is JSON and no tokens.
    }
    throw new ArtifoldError("DAMAGED", `${this.#file} does not hold tokens`, {
      hint: "Remove it, and make new tokens.",
      info: { path: this.#file },
    });
  }

  async #change(make: (records: readonly TokenRecord[]) => readonly TokenRecord[]): Promise<void> {
    const { fs, locks, lockWaitMs } = this.#engine;
    const release = await locks.writer(lockWaitMs);
    try {
      const tokens = make([...this.#records().values()]);
      const text = `${JSON.stringify({ tokens }, undefined, 2)}\n`;
      await publishFile(fs, this.#file, Buffer.from(text), 0o600);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      throw new ArtifoldError("STORE_WRITE_FAILED", `cannot write ${this.#file}: ${errno}`, { cause: error });
    } finally {
      this.#seen = undefined;
      release();
    }
  }
}

function isRecord(record: Partial<TokenRecord> | null | undefined): boolean {
  const { id, user, team, scope, createdAt, expiresAt, secretHash } = record ?? {};
  return (
    /^[0-9a-f]{16}$/.test(id ?? "") &&
    /^[0-9a-f]{64}$/.test(secretHash ?? "") &&
    typeof user === "string" &&
    (team === null || typeof team === "string") &&
    scopes.includes(scope as Scope) &&
    isTime(createdAt) &&
    (expiresAt === null || isTime(expiresAt))
  );
}

function isTime(text: string | null | undefined): boolean {
  return typeof text === "string" && !Number.isNaN(Date.parse(text));
}

function hashSecret(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

function checksum(text: string): string {
  return hashContent(Buffer.from(PREFIX + text)).slice(0, 8);
}
