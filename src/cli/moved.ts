/** What push, pull and clone share: which remote is meant, and how what moved is told. */
import { ArtifoldError, isArtifoldError } from "../errors.ts";
import { isAddress, type MovedVersion, type RemoteChoice, type Store, type Traffic } from "../store/index.ts";
import type { Run } from "./command.ts";
import { formatBytes, formatNumber, safe } from "./text.ts";

/** Splits `[REMOTE] [REF]…`: the first word is a remote where it is the name of one, or an address. */
export async function remoteAndRefs(
  store: Store,
  words: readonly string[],
): Promise<{ readonly remote: RemoteChoice | undefined; readonly refs: readonly string[] }> {
  const [first, ...rest] = words;
  if (first === undefined) return { remote: undefined, refs: [] };
  const names = (await store.remotes.list()).map(({ name }) => name);
  const isRemote = isAddress(first) || names.includes(first.normalize("NFC"));
  return isRemote ? { remote: first, refs: rest } : { remote: undefined, refs: words };
}

/** Says of a first word that is no artifact that it is no remote either: it may have been meant as one. */
export async function orNoRemote<Result>(words: readonly string[], work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    const [first = ""] = words;
    if (!isArtifoldError(error, "NOT_FOUND") || error.info["artifact"] !== first.normalize("NFC")) throw error;
    throw new ArtifoldError("NOT_FOUND", `${error.message}, and no remote of this name`, {
      cause: error,
      info: error.info,
      hint: `${error.hint ?? ""} \`artifold remote ls\` lists remotes.`,
    });
  }
}

/** Tells what moved all the same where an artifact could not be pushed or pulled. With --json the error says it. */
export async function tellingMoved<Result>(run: Run, said: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    const versions = (isArtifoldError(error) ? (error.info["versions"] ?? []) : []) as readonly MovedVersion[];
    if (versions.length > 0 && !run.output.isJson) {
      const refs = versions.map(({ ref }) => ref).join("\n");
      run.output.result({}, refs, movedLines(run, versions, said));
    }
    warnOfDiverged(run, versions);
    throw error;
  }
}

/** Warns of versions beside which others changed the same paths. */
export function warnOfDiverged(run: Run, versions: readonly MovedVersion[]): void {
  for (const { ref, diverged, divergedFrom } of versions) {
    if (!diverged) continue;
    const [ours, theirs] = [shortened(run, ref), shortened(run, ref.replace(/V\d+$/, divergedFrom as string))];
    const merge = safe(`artifold merge ${ours} ${theirs}`);
    run.output.warn(`${safe(ours)} and ${safe(theirs)} changed the same paths; \`${merge}\` makes one of them`);
  }
}

/** What --json prints of a push or pull. */
export function movedView(
  result: Traffic & { readonly url: string; readonly versions: readonly MovedVersion[] },
): object {
  const { versions, sentBytes, receivedBytes, requests, url } = result;
  return { versions, sentBytes, receivedBytes, requests, url };
}

/** Lines about versions that moved, the last ones of many. */
export function movedLines(run: Run, versions: readonly MovedVersion[], said: string): string[] {
  const lines = versions.slice(-SHOWN_MAX).map(({ ref, renumberedFrom, diverged }) => {
    const was = renumberedFrom === null ? "" : `, was ${renumberedFrom}`;
    return `${said} ${safe(shortened(run, ref))}${was}${diverged ? ", which diverged" : ""}`;
  });
  const more = versions.length - lines.length;
  return more > 0 ? [`${said} ${formatNumber(more)} versions before`, ...lines] : lines;
}

/** One line about bytes and requests. */
export function trafficLine({ sentBytes, receivedBytes, requests }: Traffic): string {
  const count = formatNumber(requests);
  return `${formatBytes(sentBytes)} sent, ${formatBytes(receivedBytes)} received, ${count} request${requests === 1 ? "" : "s"}`;
}

const SHOWN_MAX = 20;

/** A full address without the place that is the usual one. */
export function shortened(run: Run, ref: string): string {
  const { team, experiment } = run.context.settings;
  const usual = `${team.value}/${experiment.value}/`;
  return ref.startsWith(usual) ? ref.slice(usual.length) : ref;
}
