/** An artifact being worked on: a draft on one of its versions, until it is uploaded. */
import { formatNumber } from "../catalog/index.ts";
import { type Digest, isDigest } from "../digest/index.ts";
import { ArtifoldError, throwIfAborted } from "../errors.ts";
import {
  EMPTY_MANIFEST,
  type Metadata,
  type ReferenceEntry,
  readEntries,
  referenceProblem,
} from "../manifest/index.ts";
import { afterwards, onStoreFiles } from "../platform/index.ts";
import type { LongCallOptions } from "../progress.ts";
import { compileGlobs, type LeftOut, type PortabilityWarning, WatchedGlobs } from "../worktree/index.ts";
import { type Added, type AddOptions, addedFile } from "./adding.ts";
import { type AddedFile, addAll, type NewFile } from "./adding-many.ts";
import { countChanges } from "./counted-changes.ts";
import { Draft } from "./draft.ts";
import type { Engine } from "./engine.ts";
import { sweepLeftovers } from "./leftovers.ts";
import type { OnConflict } from "./merging.ts";
import { type ArtifactName, type Base, checkTags, type Published, publish } from "./publish.ts";
import { rememberFolder } from "./scanned-folder.ts";
import { bytesOf, type Source } from "./source.ts";
import { Turns } from "./turns.ts";
import { type EntryView, viewEntry } from "./view.ts";

/** A reference to content that lies elsewhere. */
export interface ReferenceOptions {
  /** Path of the entry. */
  readonly as: string;
  /** Bytes of the content, where known. */
  readonly size?: number | undefined;
  /** BLAKE3 of the content, 64 hex digits. */
  readonly digest?: string | undefined;
  /** What the place itself calls this state of the content. */
  readonly etag?: string | undefined;
}

/** How to take entries out. */
export interface RemoveOptions extends LongCallOptions {
  /** Hears of each glob that matched nothing. */
  readonly onUnmatched?: ((glob: string) => void) | undefined;
}

/** How to upload. */
export interface UploadOptions extends LongCallOptions {
  /** At most 64 KiB of UTF-8. */
  readonly message?: string | undefined;
  /** A JSON object, at most 1 MiB as text and 32 levels deep. */
  readonly metadata?: Metadata | undefined;
  /** Tags that move to the version, whether it is made or was there. */
  readonly tags?: readonly string[] | undefined;
  /** Who wins where somebody else's upload changed the same path. Default: nobody, the upload fails with CONFLICT. */
  readonly onConflict?: OnConflict | undefined;
}

/** What an upload came to. */
export interface UploadResult extends ArtifactName {
  /** "V2"; of a dry run, the number that the version would get now. */
  readonly version: string;
  /** The same as a number: 2. */
  readonly number: number;
  /** Version id; null for a version that a dry run did not make. */
  readonly id: Digest | null;
  /** Digest of the content. */
  readonly digest: Digest;
  /** Whether a version was made. */
  readonly changed: boolean;
  /** Tags that moved to the version. */
  readonly tagged: readonly string[];
  /** Id of the run that made it, or came to what was there; null outside of a run. */
  readonly run: Digest | null;
  /** Files of the version, and the bytes that they have together. */
  readonly files: number;
  readonly bytes: number;
  /** Entries that differ from the version before. */
  readonly added: number;
  readonly modified: number;
  readonly removed: number;
  /** Entries of the version that did not come from what was added. */
  readonly kept: number;
  /** Bytes of content that were not stored before, uncompressed. */
  readonly newBytes: number;
  /** Bytes written to journal and packs, their tables included; caches are not. */
  readonly writtenBytes: number;
  /** Somebody else's version that this one was merged with: "V3". */
  readonly mergedWith: string | null;
  /** What was left out of folders, and why. */
  readonly leftOut: readonly LeftOut[];
  /** Names that other platforms cannot hold. */
  readonly warnings: readonly PortabilityWarning[];
}

/** An artifact as a draft. Close it when it is not to be uploaded; an upload leaves it on the version it made. */
export class Artifact implements AsyncDisposable {
  /** Its name; type, team and experiment say where it stands. */
  readonly name: string;
  readonly type: string;
  readonly team: string;
  readonly experiment: string;
  readonly #engine: Engine;
  readonly #dryRun: boolean;
  readonly #run: Digest | undefined;
  #base: Base;
  #draft: Draft | undefined;
  readonly #turns = new Turns();
  #beginning: Promise<Draft> | undefined;
  #isClosed = false;

  /** Made by `store.artifact`, `run.artifact` and `version.edit`. */
  constructor(
    engine: Engine,
    name: ArtifactName,
    base: Base,
    options: { readonly dryRun: boolean; readonly run: Digest | undefined },
  ) {
    this.name = name.name;
    this.type = name.type;
    this.team = name.team;
    this.experiment = name.experiment;
    this.#engine = engine;
    this.#base = base;
    this.#dryRun = options.dryRun;
    this.#run = options.run;
  }

  /** The version that the draft stands on: "V3", or null for an artifact without versions. */
  get version(): string | null {
    return this.#base.version === undefined ? null : formatNumber(this.#base.version.number);
  }

  /**
   * Adds a folder, a file, or bytes; what stands at the same paths is replaced. When it resolves, the content has been read
   * and stored.
   *
   * A folder's content goes to the root of the version or below `as`; a file goes to `as` or to its own name; bytes need
   * `as`. A relative path is taken from the working folder of the process.
   *
   * @throws ArtifoldError NOT_FOUND, READ_FAILED, FILE_CHANGED, LINK_OUTSIDE, PATH_INVALID, CONFLICT (a file where the draft
   *   has a folder, or the other way round), USAGE, NO_SPACE, STORE_WRITE_FAILED, BUSY
   */
  add(source: Source, options: AddOptions = {}): Promise<Added> {
    const { as, signal } = options;
    if (typeof source === "string") return this.#inTurn(signal, (draft) => draft.addPath(source, options, false));
    return this.#beside(as, signal, async (draft) => {
      if (as === undefined) throw new TypeError("bytes need a path to go to: pass { as }");
      return addedFile(await draft.addBytes(bytesOf(source, as, signal), as, options));
    });
  }

  /**
   * Adds many files that are given as bytes: small ones are stored together, which is quicker than one by one, and takes less
   * room. Of one path the last counts. After a failure some may have been added; to add them again does no harm.
   *
   * @returns the files, in the order in which they came
   * @throws ArtifoldError as `add`
   */
  addAll(
    files: Iterable<NewFile> | AsyncIterable<NewFile>,
    options: LongCallOptions = {},
  ): Promise<readonly AddedFile[]> {
    return this.#beside(undefined, options.signal, (draft) => addAll(draft, files, options));
  }

  /**
   * Adds content that lies elsewhere and is only named: nothing is fetched, now or at a download.
   *
   * @param uri any URI with a scheme
   * @throws ArtifoldError USAGE, PATH_INVALID, CONFLICT
   */
  addReference(uri: string, options: ReferenceOptions): Promise<void> {
    return this.#inTurn(undefined, async (draft) => {
      const { as: path, size, digest, etag } = options;
      if (digest !== undefined && !isDigest(digest)) {
        throw new ArtifoldError("USAGE", `${uri}: not a digest of 64 hex digits: ${JSON.stringify(digest)}`);
      }
      const entry: ReferenceEntry = {
        path,
        kind: "reference",
        uri,
        size,
        digest,
        etag,
      };
      const problem = referenceProblem(entry);
      if (problem !== undefined) throw new ArtifoldError("USAGE", `${uri}: ${problem}`);
      await draft.put(entry);
    });
  }

  /** Takes out entries by path or glob; a folder with all that is in it. @returns how many entries went: 0 for no match */
  remove(globs: string | readonly string[], { signal, onUnmatched }: RemoveOptions = {}): Promise<number> {
    return this.#inTurn(signal, async (draft) => {
      const watched = new WatchedGlobs([globs].flat());
      const count = await draft.remove([globs].flat(), watched);
      for (const glob of watched.unmatched) onUnmatched?.(glob);
      return count;
    });
  }

  /**
   * Makes the version (or what is below `as`) equal to a folder: adds, replaces, and takes out what is not there, or is left
   * out by filters and rules. What cannot be read and is skipped stays as it was. Throws what `add` throws.
   */
  mirror(folder: string, options: AddOptions = {}): Promise<Added> {
    return this.#inTurn(options.signal, (draft) => draft.addPath(folder, options, true));
  }

  /** The entries as they will be, in path order; with globs only those that are meant. */
  async *entries(filter: { readonly path?: string | readonly string[] } = {}): AsyncGenerator<EntryView> {
    const globs = filter.path === undefined ? undefined : [filter.path].flat();
    const isMeant = globs === undefined ? undefined : compileGlobs(globs);
    const { draft, root } = await this.#inTurn(undefined, async (each) => ({ draft: each, root: await each.flush() }));
    for await (const batch of readEntries(draft.reader, root)) {
      for (const entry of batch) if (isMeant?.(entry.path) !== false) yield viewEntry(entry);
    }
  }

  /**
   * Makes a version of the draft, if its content differs from the newest version's. Other people's uploads since the draft
   * was begun are kept: the draft's changes are applied to their version.
   *
   * When it resolves, the version survives any crash. After a failure it can be called again. Without a change no version is
   * made, and given tags move to the newest version.
   *
   * @throws ArtifoldError CONFLICT (see `onConflict`; or a tag that looks like another), NAME_INVALID, LIMIT, NO_SPACE,
   *   STORE_WRITE_FAILED, BUSY; look at `happened`
   */
  upload(options: UploadOptions = {}): Promise<UploadResult> {
    return this.#inTurn(options.signal, async (draft) => {
      const tags = checkTags(options.tags);
      if (this.#dryRun) return this.#rehearse(draft, tags ?? []);
      const given = { ...options, tags, run: this.#run };
      const published = await publish(this.#engine, draft, this.#fullName, this.#base, given);
      return afterwards(async () => {
        try {
          return await this.#result(draft, published);
        } finally {
          this.#settle(draft, published);
          await this.#engine.tidy();
        }
      });
    });
  }

  /**
   * For a draft that is not worked on for a while: it holds no lock until the next call, so that the store can be tidied up.
   * Where content was removed from the store meanwhile, that call rejects with CLOSED.
   *
   * @throws ArtifoldError NO_SPACE, STORE_WRITE_FAILED: then it goes on holding the lock
   */
  rest(): Promise<void> {
    return this.#turns.alone(() => onStoreFiles(async () => this.#draft?.rest()));
  }

  /** Gives the draft up; an uploaded one has nothing to give up. Calls that come after it reject with CLOSED. */
  close(): Promise<void> {
    return this.#turns.alone(async () => {
      this.#isClosed = true;
      await this.#draft?.abort();
      this.#draft = undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #fullName(): ArtifactName {
    return { team: this.team, experiment: this.experiment, type: this.type, name: this.name };
  }

  /** Runs calls one after another: each sees what the ones before did. */
  #inTurn<Result>(signal: AbortSignal | undefined, action: (draft: Draft) => Promise<Result>): Promise<Result> {
    return this.#turns.alone(() => onStoreFiles(async () => action(await this.#begun(signal))));
  }

  /** Runs calls that add bytes side by side: they may be as slow as whoever brings them. Of one path the last one wins. */
  #beside<Result>(
    path: string | undefined,
    signal: AbortSignal | undefined,
    action: (draft: Draft) => Promise<Result>,
  ): Promise<Result> {
    return this.#turns.beside(path, () =>
      onStoreFiles(async () => {
        // Begun for all of them: that one is aborted does not concern the others.
        this.#beginning ??= this.#begun(undefined).finally(() => {
          this.#beginning = undefined;
        });
        const draft = await this.#beginning;
        throwIfAborted(signal);
        return action(draft);
      }),
    );
  }

  /** The draft, under its lock. */
  async #begun(signal: AbortSignal | undefined): Promise<Draft> {
    if (this.#isClosed) throw new ArtifoldError("CLOSED", `the draft of ${this.name} was closed`);
    await this.#engine.refresh();
    if (this.#draft !== undefined) {
      await this.#draft.wake();
      return this.#draft;
    }
    // Before the draft holds its lock: sweeping needs the store to be used by nobody, and makes room first.
    if (!this.#dryRun) sweepLeftovers(this.#engine);
    const root = this.#base.version?.manifest ?? EMPTY_MANIFEST;
    this.#draft = await Draft.begin(this.#engine, root, this.#dryRun, signal);
    return this.#draft;
  }

  /** What an upload would come to. */
  async #rehearse(draft: Draft, tags: readonly string[]): Promise<UploadResult> {
    const manifest = await draft.flush();
    const { version } = this.#base;
    const before = version?.manifest ?? EMPTY_MANIFEST;
    const changes = await countChanges(draft, before, manifest);
    const { catalog } = this.#engine;
    const [artifact] = catalog.artifacts({ ...this.#fullName });
    const changed = version === undefined || version.manifest !== manifest;
    const number = changed ? (artifact?.highest ?? 0) + 1 : version.number;
    const isOn = (tag: string): boolean =>
      artifact !== undefined && !changed && catalog.versionByTag(artifact.row, tag)?.version === version.version;
    return {
      ...this.#fullName,
      version: formatNumber(number),
      number,
      id: changed ? null : version.version,
      digest: manifest,
      changed,
      tagged: [...new Set(tags)].filter((tag) => !isOn(tag)),
      run: this.#run ?? null,
      files: changes.sums.files,
      bytes: changes.sums.bytes,
      ...changes.counts,
      kept: Math.max(0, changes.sums.entries - draft.addedEntries),
      newBytes: changed ? draft.content.newBytes : 0,
      writtenBytes: 0,
      mergedWith: null,
      leftOut: draft.leftOut,
      warnings: await draft.warnings(manifest),
    };
  }

  async #result(draft: Draft, published: Published): Promise<UploadResult> {
    const { version, sums } = published;
    const changes = await countChanges(draft, published.before, version.manifest);
    return {
      ...this.#fullName,
      version: formatNumber(version.number),
      number: version.number,
      id: version.version,
      digest: version.manifest,
      changed: published.changed,
      tagged: published.tagged,
      run: this.#run ?? null,
      files: sums.files,
      bytes: sums.bytes,
      ...changes.counts,
      kept: Math.max(0, sums.entries - draft.addedEntries),
      newBytes: published.newBytes,
      writtenBytes: published.writtenBytes,
      mergedWith: published.mergedWith === undefined ? null : formatNumber(published.mergedWith.number),
      leftOut: draft.leftOut,
      warnings: await draft.warnings(version.manifest),
    };
  }

  /** The draft goes on from the version it made; folders that were scanned learn what they hold. */
  #settle(draft: Draft, published: Published): void {
    draft.finish();
    this.#draft = undefined;
    this.#base = { version: published.version, asIs: false };
    for (const { folder, agrees } of draft.agreeingFolders()) {
      rememberFolder(folder, agrees && published.mergedWith === undefined, published);
    }
  }
}
