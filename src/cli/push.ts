/** `push`: sends to a remote what it has not. */
import type { PushedKind, WholeResult } from "../store/index.ts";
import type { Run } from "./command.ts";
import { typeFlag } from "./common.ts";
import {
  movedLines,
  movedView,
  orNoRemote,
  remoteAndRefs,
  tellingMoved,
  trafficLine,
  warnOfDiverged,
} from "./moved.ts";
import { formatCount, safe } from "./text.ts";

/**
 * Exit code where both sides changed the same paths: everything is there, and the newest version holds one side. Also where
 * --whole could not look at all versions.
 */
const LEFT_OUT = 3;

const words: Record<PushedKind, string> = {
  tag: "tags",
  remove: "removals",
  restore: "restored versions",
  note: "notes",
  run: "runs",
  also: "records of versions with equal content",
};

export async function run(run: Run): Promise<number> {
  const { call, context, output, signal } = run;
  const store = await run.open();
  const dryRun = call.flag("dry-run");
  const { remote, refs } = await remoteAndRefs(store, call.args);
  const options = {
    ...context.flags,
    ...typeFlag(run),
    dryRun,
    whole: call.flag("whole"),
    isSingleWriter: call.flag("single-writer"),
    signal,
  };
  const said = dryRun ? "would push" : "pushed";
  const pushing = store.push({ ...options, remote, refs, onProgress: output.onProgress });
  const result = await tellingMoved(run, said, remote === undefined ? orNoRemote(refs, pushing) : pushing);
  const { url, versions, others, whole } = result;
  const lines = movedLines(run, versions, said);
  if (lines.length === 0 && others.length > 0) {
    const sent = others.map((kind) => words[kind]).join(" and ");
    lines.push(`${dryRun ? "would send" : "sent"} ${sent} to ${safe(url)}, and no version`);
  } else if (lines.length === 0 && (whole === null || whole.unsoundPacks === 0)) {
    lines.push(`${safe(url)} has everything`);
  }
  if (whole !== null) lines.push(wholeLine(whole, dryRun));
  lines.push(`${trafficLine(result)}${dryRun ? "  (dry run: nothing was sent)" : ""}`);
  const diverged = versions.filter((version) => version.diverged);
  output.result({ ...movedView(result), ...whole }, versions.map(({ ref }) => ref).join("\n"), lines);
  warnOfDiverged(run, diverged);
  const leftOut = whole?.leftOut ?? [];
  for (const ref of leftOut) output.warn(`${safe(ref)} is not all in this store, and was not looked at`);
  return diverged.length > 0 || leftOut.length > 0 ? LEFT_OUT : 0;
}

function wholeLine({ unsoundPacks }: WholeResult, dryRun: boolean): string {
  if (unsoundPacks === 0) return "no pack that was looked at is gone or damaged";
  const verb = dryRun ? "would be" : "was";
  return `${formatCount(unsoundPacks, "pack")} gone or damaged: what these versions need ${verb} sent again`;
}
