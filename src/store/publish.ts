/** Makes a draft a version: merges with what others uploaded meanwhile, and publishes. */
import {
  type ArtifactRow,
  type Catalog,
  checkName,
  foldName,
  isLinked,
  nameScopes,
  type VersionRow,
} from "../catalog/index.ts";
import { type Digest, digestFromBytes } from "../digest/index.ts";
import { ArtifoldError, throwIfAborted } from "../errors.ts";
import type { Change, TagMoved } from "../journal/index.ts";
import {
  checkMessage,
  EMPTY_MANIFEST,
  encodeVersionRecord,
  MAX_INTEGER,
  type Metadata,
  manifestSums,
  metadataText,
  NONCE_BYTES,
  type Sums,
  versionId,
} from "../manifest/index.ts";
import type { WrittenContent } from "../objects/index.ts";
import { afterwards, randomBytes } from "../platform/index.ts";
import type { LongCallOptions } from "../progress.ts";
import type { Draft } from "./draft.ts";
import type { Engine, Step } from "./engine.ts";
import { lookalike, refuseLookalike, refusePlaceLookalikes } from "./lookalikes.ts";
import { mergeInto, type OnConflict } from "./merging.ts";

/** The full name of an artifact. */
export interface ArtifactName {
  readonly team: string;
  readonly experiment: string;
  readonly type: string;
  readonly name: string;
}

/** How to upload. */
export interface UploadOptions extends LongCallOptions {
  readonly message?: string | undefined;
  readonly metadata?: Metadata | undefined;
  /** Tags that move to the version, whether it is made or was there. */
  readonly tags?: readonly string[] | undefined;
  readonly onConflict?: OnConflict | undefined;
  /** The run that makes the version, or comes to what is there. */
  readonly run?: Digest | undefined;
}

/** The version that a draft stands on, and how. */
export interface Base {
  readonly version: VersionRow | undefined;
  /** Whether the draft is taken as it is, whatever others uploaded meanwhile. */
  readonly asIs: boolean;
}

/** What an upload came to. */
export interface Published {
  readonly changed: boolean;
  /** Tags that moved to the version. */
  readonly tagged: readonly string[];
  readonly version: VersionRow;
  readonly artifact: ArtifactRow;
  readonly sums: Sums;
  readonly newBytes: number;
  readonly writtenBytes: number;
  /** The version of somebody else that this one was merged with. */
  readonly mergedWith: VersionRow | undefined;
  /** What the version differs from: the newest one before it. */
  readonly before: Digest;
}

/** How often others may come first before merging goes on under the lock's next turn; more is no race but a fault. */
const ROUNDS_MAX = 100;

/** Publishes a draft. It can be called again after a failure. */
export async function publish(
  engine: Engine,
  draft: Draft,
  name: ArtifactName,
  base: Base,
  options: UploadOptions,
): Promise<Published> {
  const tags = options.tags ?? [];
  // Refused before anything is stored.
  checkMessage(options.message ?? "");
  metadataText(options.metadata ?? {});
  let standsOn = base.version;
  let mergedWith: VersionRow | undefined;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    throwIfAborted(options.signal);
    await engine.refresh();
    const newest = newestOf(engine.catalog, name);
    if (!base.asIs && newest?.manifest !== standsOn?.manifest) {
      await mergeInto(
        draft,
        standsOn?.manifest ?? EMPTY_MANIFEST,
        newest?.manifest ?? EMPTY_MANIFEST,
        options.onConflict,
      );
      mergedWith = newest;
    }
    if (!base.asIs) standsOn = newest;
    const attempt = await Attempt.prepare(engine, draft, name, standsOn, base.asIs, tags, options);
    const published = await attempt.publish();
    if (published !== undefined) return { ...published, mergedWith };
  }
  throw new ArtifoldError("BUSY", `others kept uploading to ${name.name} faster than this upload could follow`, {
    hint: "Try again.",
  });
}

/** The tags of an upload in their one form. @throws ArtifoldError NAME_INVALID; TypeError for what is no list of strings */
export function checkTags(tags: readonly string[] | undefined): readonly string[] | undefined {
  if (tags === undefined) return undefined;
  if (!Array.isArray(tags)) throw new TypeError(`tags are a list of strings, not ${typeof tags}`);
  return tags.map((tag) => checkName("tag", tag));
}

function newestOf(catalog: Catalog, name: ArtifactName): VersionRow | undefined {
  const [artifact] = catalog.artifacts({ ...name });
  return artifact === undefined ? undefined : catalog.latest(artifact.row);
}

/** One try to make a version of what a draft is now. */
class Attempt {
  readonly #engine: Engine;
  readonly #name: ArtifactName;
  readonly #standsOn: VersionRow | undefined;
  readonly #asIs: boolean;
  readonly #tags: readonly string[];
  readonly #options: UploadOptions;
  readonly #manifest: Digest;
  readonly #sums: Sums;
  readonly #newBytes: number;
  readonly #content: WrittenContent | undefined;

  private constructor(
    engine: Engine,
    name: ArtifactName,
    standsOn: VersionRow | undefined,
    asIs: boolean,
    tags: readonly string[],
    options: UploadOptions,
    made: { manifest: Digest; sums: Sums; newBytes: number; content: WrittenContent | undefined },
  ) {
    this.#engine = engine;
    this.#name = name;
    this.#standsOn = standsOn;
    this.#asIs = asIs;
    this.#tags = tags;
    this.#options = options;
    this.#manifest = made.manifest;
    this.#sums = made.sums;
    this.#newBytes = made.newBytes;
    this.#content = made.content;
  }

  /** Makes the draft's content durable, unless there is nothing new. */
  static async prepare(
    engine: Engine,
    draft: Draft,
    name: ArtifactName,
    standsOn: VersionRow | undefined,
    asIs: boolean,
    tags: readonly string[],
    options: UploadOptions,
  ): Promise<Attempt> {
    const manifest = await draft.flush();
    const sums = await manifestSums(draft.reader, manifest);
    const newest = newestOf(engine.catalog, name);
    const isNew = newest?.manifest !== manifest;
    options.onProgress?.({ phase: "publish", files: sums.files, bytes: sums.bytes });
    const content = isNew ? await draft.content.seal(manifest) : undefined;
    const newBytes = isNew ? draft.content.newBytes : 0;
    return new Attempt(engine, name, standsOn, asIs, tags, options, { manifest, sums, newBytes, content });
  }

  /** Publishes; gives nothing when somebody else was quicker and the draft has to be looked at again. */
  async publish(): Promise<Omit<Published, "mergedWith"> | undefined> {
    let isStale = false;
    let result: Pick<Published, "changed" | "before" | "tagged"> | undefined;
    const committed = await this.#engine.commit(() => {
      const { catalog } = this.#engine;
      const [artifact] = catalog.artifacts({ ...this.#name });
      const newest = artifact === undefined ? undefined : catalog.latest(artifact.row);
      isStale = !this.#asIs && newest?.version !== this.#standsOn?.version;
      const changed = newest === undefined || newest.manifest !== this.#manifest;
      // Somebody may also have uploaded, or removed, what this draft was compared with when its content was sealed.
      if (changed && this.#content === undefined) isStale = true;
      if (isStale) return undefined;
      const step = changed
        ? this.#makeVersion(artifact)
        : this.#keepVersion(artifact as ArtifactRow, newest as VersionRow);
      const tagged = (step?.changes ?? []).flatMap((each) => (each.change === "tag" ? [each.tag] : []));
      result = { changed, before: newest?.manifest ?? EMPTY_MANIFEST, tagged };
      return step;
    }, this.#options.signal);
    if (isStale || result === undefined) return undefined;
    const find = (): Pick<Published, "version" | "artifact"> => this.#find();
    return {
      ...result,
      ...(committed === undefined ? find() : await afterwards(find)),
      sums: this.#sums,
      newBytes: result.changed ? this.#newBytes : 0,
      writtenBytes: committed?.writtenBytes ?? 0,
    };
  }

  /** What the catalog says of the version that was made, or was there. */
  #find(): Pick<Published, "version" | "artifact"> {
    const { catalog } = this.#engine;
    const [artifact] = catalog.artifacts({ ...this.#name }) as [ArtifactRow];
    const version = this.#versionId === undefined ? catalog.latest(artifact.row) : catalog.versionById(this.#versionId);
    return { version: version as VersionRow, artifact };
  }

  #versionId: Digest | undefined;

  #makeVersion(known: ArtifactRow | undefined): Step {
    const changes: Change[] = [];
    const number = (known?.highest ?? 0) + 1;
    if (number > MAX_INTEGER) throw new ArtifoldError("LIMIT", `${this.#name.name} has been given the last number`);
    const artifact = known?.artifact ?? newId();
    if (known === undefined) {
      refuseLookalikes(this.#engine.catalog, this.#name);
      changes.push({ change: "artifact", artifact, ...this.#name });
    }
    const record = encodeVersionRecord({
      artifact,
      manifest: this.#manifest,
      parents: this.#standsOn === undefined ? [] : [this.#standsOn.version],
      createdAt: this.#engine.clock.now(),
      createdBy: this.#engine.user,
      run: this.#options.run,
      message: this.#options.message ?? "",
      metadata: this.#options.metadata ?? {},
      nonce: randomBytes(NONCE_BYTES),
    });
    this.#versionId = versionId(record);
    changes.push({
      change: "version",
      artifact,
      version: this.#versionId,
      number,
      record,
      ...this.#sums,
      newBytes: this.#newBytes,
    });
    changes.push(...tagChanges(this.#engine.catalog, known, artifact, this.#tags, this.#versionId));
    return { changes, content: this.#content };
  }

  /** Without a change tags move, and the run has made this version too. */
  #keepVersion(artifact: ArtifactRow, { version }: VersionRow): Step | undefined {
    const { catalog } = this.#engine;
    const { run } = this.#options;
    const changes: Change[] = tagChanges(catalog, artifact, artifact.artifact, this.#tags, version);
    if (run !== undefined && !isLinked(catalog, "made", run, version)) changes.push({ change: "made", run, version });
    return changes.length === 0 ? undefined : { changes };
  }
}

function newId(): Digest {
  return digestFromBytes(randomBytes(32));
}

/** The changes that move tags to a version; none for tags that are there already. */
export function tagChanges(
  catalog: Catalog,
  known: ArtifactRow | undefined,
  artifact: Digest,
  tags: readonly string[],
  version: Digest,
): TagMoved[] {
  const moved: TagMoved[] = [];
  const given = new Map(tags.map((tag) => [foldName(tag), tag]));
  for (const tag of new Set(tags)) {
    const folded = foldName(tag);
    const other = catalog.foldedName(nameScopes.tag(artifact), folded) ?? given.get(folded);
    if (other !== undefined && other !== tag) throw lookalike("tag", tag, other);
    const before = known === undefined ? undefined : catalog.versionByTag(known.row, tag)?.version;
    if (before !== version) moved.push({ change: "tag", artifact, tag, version, before: before ?? null });
  }
  return moved;
}

/** Refuses a new name that folds to one that is there. */
function refuseLookalikes(catalog: Catalog, { team, experiment, type, name }: ArtifactName): void {
  refusePlaceLookalikes(catalog, { team, experiment });
  refuseLookalike(catalog, "type", nameScopes.type(team, experiment), type);
  refuseLookalike(catalog, "artifact", nameScopes.artifact(team, experiment, type), name);
}
