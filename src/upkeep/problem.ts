/** What a verification finds. */
import type { Digest } from "../digest/index.ts";
import { isArtifoldError } from "../errors.ts";

/** What is wrong with a store. */
export type ProblemKind =
  /** A stored file is not there. */
  | "lost"
  /** Stored bytes are not those that were written. */
  | "damaged"
  /** What a version needs is in no file, or is not what the version says of it. */
  | "missing"
  /** The catalog does not say what the journal says. It can be deleted, and is made anew. */
  | "catalog";

/** Something that is wrong. */
export interface Problem {
  readonly kind: ProblemKind;
  /** The file, as a path below the store's folder; null where no file is to blame. */
  readonly file: string | null;
  /** Where in the file; null for all of it. */
  readonly offset: number | null;
  /** What stands there instead. */
  readonly reason: string;
  /** Versions that need it: "team/experiment/name:V2". */
  readonly versions: readonly string[];
}

/** A problem, and the objects that it takes from versions. */
export interface Found {
  readonly problem: Omit<Problem, "versions">;
  readonly objects: readonly Digest[];
}

/** What an error of ours says; any other is a fault, and is thrown. */
export function messageOf(error: unknown): string {
  if (!isArtifoldError(error)) throw error;
  return error.message;
}
