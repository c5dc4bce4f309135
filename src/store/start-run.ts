/** Begins a run: one journal entry with its record. */
import { type Catalog, checkName, foldName, nameScopes, type RunRow, runById, runCount } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import {
  COMMAND_BYTES_MAX,
  COMMAND_WORDS_MAX,
  encodeRunRecord,
  type Metadata,
  metadataText,
  NONCE_BYTES,
  runId,
} from "../manifest/index.ts";
import { afterwards, onStoreFiles, randomBytes } from "../platform/index.ts";
import type { Engine } from "./engine.ts";
import { refuseLookalike, refusePlaceLookalikes } from "./lookalikes.ts";
import { randomRunName } from "./run-names.ts";

/** How to begin a run. */
export interface RunOptions {
  /** Default: those of the store, "local" and "uncategorized" unless the settings say something else. */
  readonly team?: string | undefined;
  readonly experiment?: string | undefined;
  /** Without one, two random words and a number, as in "sable-life-1". */
  readonly name?: string | undefined;
  /** A JSON object, at most 1 MiB as text and 32 levels deep. */
  readonly config?: Metadata | undefined;
  /** The program that the run is, and its arguments, for people to see. They are stored as they are: no place for secrets. */
  readonly command?: readonly string[] | undefined;
  /**
   * The run is to go on when this process is gone. Without it a run whose process, or store, went without a word is "unknown"
   * and no longer "running"; it can be gone on with all the same.
   */
  readonly detached?: boolean | undefined;
}

/** Begins a run. @throws ArtifoldError CONFLICT when its experiment has a run of this name */
export async function startRun(
  engine: Engine,
  defaults: { team: string; experiment: string },
  options: RunOptions,
): Promise<RunRow> {
  const place = {
    team: checkName("team", options.team ?? defaults.team),
    experiment: checkName("experiment", options.experiment ?? defaults.experiment),
  };
  const given = options.name === undefined ? undefined : checkName("run", options.name);
  const config = options.config ?? {};
  // Refused before anything is locked.
  metadataText(config, "config");
  let run: Digest | undefined;
  await onStoreFiles(() =>
    engine.commit(() => {
      const { catalog } = engine;
      refusePlaceLookalikes(catalog, place);
      const name = given ?? freeName(catalog, place);
      if (given !== undefined) refuseTaken(catalog, place, given);
      const record = encodeRunRecord({
        ...place,
        name,
        startedAt: engine.clock.now(),
        startedBy: engine.user,
        command: keptCommand(options.command ?? []),
        config,
        nonce: randomBytes(NONCE_BYTES),
      });
      run = runId(record);
      return { changes: [{ change: "run", run, record }] };
    }),
  );
  return afterwards(() => {
    if (options.detached !== true) engine.runLocks.hold(run as Digest);
    return runById(engine.catalog, run as Digest) as RunRow;
  });
}

/** Names of runs stand in URLs: one experiment has each but once. */
function refuseTaken(catalog: Catalog, place: { team: string; experiment: string }, name: string): void {
  const scope = nameScopes.run(place.team, place.experiment);
  refuseLookalike(catalog, "run", scope, name);
  if (catalog.foldedName(scope, foldName(name)) === undefined) return;
  throw new ArtifoldError("CONFLICT", `${place.team}/${place.experiment} has a run ${name} already`, {
    hint: "Choose another name, or none: then one is made up.",
    info: { kind: "run", name },
  });
}

/** A random name that is not taken. Its number tells how many runs there are, roughly. */
function freeName(catalog: Catalog, { team, experiment }: { team: string; experiment: string }): string {
  for (let number = runCount(catalog, team, experiment) + 1; ; number++) {
    const name = randomRunName(number);
    if (catalog.foldedName(nameScopes.run(team, experiment), foldName(name)) === undefined) return name;
  }
}

/** As much of a command as a record holds. The words that are left out are counted in the last one. */
function keptCommand(command: readonly string[]): string[] {
  const kept: string[] = [];
  let bytes = 0;
  for (const [index, word] of command.entries()) {
    bytes += Buffer.byteLength(word);
    const isLast = index === command.length - 1;
    const isRoom = bytes <= COMMAND_BYTES_MAX - (isLast ? 0 : OMISSION_BYTES_MAX);
    if (!isRoom || (!isLast && kept.length === COMMAND_WORDS_MAX - 1)) {
      return [...kept, `… and ${command.length - index} more`];
    }
    kept.push(word);
  }
  return kept;
}

/** Room for the word that says how many were left out. */
const OMISSION_BYTES_MAX = 64;
