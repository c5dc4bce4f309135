/** What is wrong with one of many artifacts keeps none of the others from being pushed or pulled: it is told when they are done. */
import { ArtifoldError, isArtifoldError } from "../errors.ts";

/** Codes of what may be wrong with one artifact alone. */
const OF_ONE = ["CONFLICT", "DAMAGED", "FORMAT_UNSUPPORTED"] as const;
/** The status of a server that refuses what it was given. */
const REFUSED = 422;
/** Where so many fail, it is not they. */
const FAILURES_MAX = 16;

/** Failures of a push or a pull of many artifacts. */
export class LeftOut {
  readonly #onLeftOut: ((error: ArtifoldError) => void) | undefined;
  /** The first of each artifact. */
  readonly #failures = new Map<string, ArtifoldError>();
  readonly #done = new Set<string>();

  /** @param onLeftOut hears of each at once; then none is thrown in the end */
  constructor(onLeftOut?: (error: ArtifoldError) => void) {
    this.#onLeftOut = onLeftOut;
  }

  /**
   * Does something about one artifact.
   *
   * @param id what it is known by
   * @returns `undefined` where that one cannot be pushed or pulled
   */
  async attempt<Result>(id: string, action: () => Promise<Result>): Promise<Result | undefined> {
    try {
      const result = await action();
      this.#done.add(id);
      return result;
    } catch (error) {
      if (!isOfOne(error)) throw error;
      if (this.#onLeftOut === undefined && isOfAll(error)) throw error;
      this.#onLeftOut?.(error);
      if (this.#onLeftOut !== undefined) return undefined;
      if (!this.#failures.has(id)) this.#failures.set(id, error);
      if (this.areTooMany) throw this.#first();
      return undefined;
    }
  }

  /** Whether something is wrong with an artifact. */
  hasFailed(id: string): boolean {
    return this.#failures.has(id);
  }

  /** Whether so many failed that the others are not tried. */
  get areTooMany(): boolean {
    return this.#failures.size >= FAILURES_MAX;
  }

  /**
   * @param versions of artifacts that did not fail: what moved all the same, or would
   * @throws ArtifoldError the first failure that nobody heard of, with how many more there are, and that all else is done
   */
  tell(versions: readonly object[], { dryRun = false }: { readonly dryRun?: boolean | undefined } = {}): void {
    if (this.#failures.size === 0) return;
    const isElseDone = [...this.#done].some((id) => !this.#failures.has(id));
    const said = dryRun ? "All else would be done." : "All else is done.";
    throw this.#first(isElseDone ? said : undefined, versions);
  }

  /** @param said of all else */
  #first(said?: string, versions?: readonly object[]): ArtifoldError {
    const [first, ...others] = [...this.#failures.values()] as [ArtifoldError, ...ArtifoldError[]];
    if (others.length === 0 && said === undefined) return first;
    const more = others.length === 1 ? "1 more artifact" : `${others.length} more artifacts`;
    const hints = [first.hint, said].filter((hint) => hint !== undefined);
    return new ArtifoldError(
      first.code,
      others.length === 0 ? first.message : `${first.message} (and ${more} failed)`,
      {
        cause: first,
        ...(hints.length > 0 && { hint: hints.join(" ") }),
        happened: first.happened,
        info: { ...first.info, others: others.map(({ message }) => message), ...(versions && { versions }) },
      },
    );
  }
}

/** Whether an error of several artifacts may be of one of them alone, so that each is to be tried by itself. */
export function mayBeOfOne(error: unknown): boolean {
  return (isOfOne(error) && !isOfAll(error)) || isArtifoldError(error, "LIMIT");
}

function isOfOne(error: unknown): error is ArtifoldError {
  if (!isArtifoldError(error)) return false;
  if (OF_ONE.some((code) => error.code === code)) return true;
  // A server refuses a name, or a step, that does not fit what it has: not the caller, but this.
  const { status, key } = error.info;
  return error.code === "DENIED" && status === REFUSED && /^(names|a)\//.test(String(key ?? ""));
}

/** A remote that is not as it was, or whose index is damaged, is not written to for the sake of other artifacts. */
function isOfAll({ info }: ArtifoldError): boolean {
  return info["isChanged"] === true || /^[xy]\//.test(String(info["key"] ?? ""));
}
