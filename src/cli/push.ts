/** `push`: sends to a remote what it has not. */
import type { PushedKind } from "../store/index.ts";
import type { Run } from "./command.ts";
import { typeFlag } from "./common.ts";
import { movedLines, movedView, orNoRemote, remoteAndRefs, shortened, trafficLine } from "./moved.ts";
import { safe } from "./text.ts";

/** Exit code where both sides changed the same paths: everything is there, and the newest version holds one side. */
const DIVERGED = 3;

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
  const options = { ...context.flags, ...typeFlag(run), dryRun, isSingleWriter: call.flag("single-writer"), signal };
  const pushing = store.push({ ...options, remote, refs, onProgress: output.onProgress });
  const result = await (remote === undefined ? orNoRemote(refs, pushing) : pushing);
  const { url, versions, others } = result;
  const lines = movedLines(run, versions, dryRun ? "would push" : "pushed");
  if (lines.length === 0 && others.length === 0) lines.push(`${safe(url)} has everything`);
  if (lines.length === 0) {
    const sent = others.map((kind) => words[kind]).join(" and ");
    lines.push(`${dryRun ? "would send" : "sent"} ${sent} to ${safe(url)}, and no version`);
  }
  lines.push(`${trafficLine(result)}${dryRun ? "  (dry run: nothing was sent)" : ""}`);
  const diverged = versions.filter((version) => version.diverged);
  output.result(movedView(result), versions.map(({ ref }) => ref).join("\n"), lines);
  for (const { ref, divergedFrom } of diverged) {
    const [ours, theirs] = [shortened(run, ref), shortened(run, ref.replace(/V\d+$/, divergedFrom as string))];
    const merge = safe(`artifold merge ${ours} ${theirs}`);
    output.warn(`${safe(ours)} and ${safe(theirs)} changed the same paths; \`${merge}\` makes one of them`);
  }
  return diverged.length > 0 ? DIVERGED : 0;
}
