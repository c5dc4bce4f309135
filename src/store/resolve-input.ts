/** What settings and the current run are worked out from. */

/** What is given to the resolution: the library reads nothing of it by itself. */
export interface ResolveInput {
  readonly store?: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
  /** The folder that the search for `.artifold` begins in. */
  readonly cwd: string;
}
