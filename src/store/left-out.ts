/** What is wrong with one of many artifacts keeps none of the others from being pushed or pulled: it is told when they are done. */
import { type ArtifoldError, isArtifoldError } from "../errors.ts";

/** Codes of what is wrong with one artifact, and not with the remote or the store. */
const OF_ONE = ["CONFLICT", "DAMAGED", "FORMAT_UNSUPPORTED"] as const;
/** Where so many fail, it is not they. */
const FAILURES_MAX = 16;

/** Failures of a push or a pull of many artifacts. */
export class LeftOut {
  readonly #onLeftOut: ((error: ArtifoldError) => void) | undefined;
  readonly #failures: ArtifoldError[] = [];

  /** @param onLeftOut hears of each at once; then none is thrown in the end */
  constructor(onLeftOut?: (error: ArtifoldError) => void) {
    this.#onLeftOut = onLeftOut;
  }

  /** Does something about one artifact. @returns `undefined` where that one cannot be pushed or pulled */
  async attempt<Result>(action: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await action();
    } catch (error) {
      if (!isArtifoldError(error) || !OF_ONE.some((code) => error.code === code)) throw error;
      this.#onLeftOut?.(error);
      if (this.#onLeftOut !== undefined) return undefined;
      this.#failures.push(error);
      if (this.#failures.length === FAILURES_MAX) this.tell();
      return undefined;
    }
  }

  /** @throws ArtifoldError the first failure that nobody heard of */
  tell(): void {
    if (this.#failures[0] !== undefined) throw this.#failures[0];
  }
}
