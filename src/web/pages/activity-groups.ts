/** What happened, with versions that came one after another taken together. Pure. */
import type { OperationChange, OperationView } from "../../client/index.ts";

/** Operations that are told as one. */
export interface ActivityGroup {
  readonly operation: number;
  /** When the newest of them was. */
  readonly at: string;
  readonly by: string;
  readonly changes: readonly OperationChange[];
  /** Of several versions of one artifact: the first of them, and how many there are. */
  readonly since?: { readonly version: string; readonly count: number };
}

/** Takes operations together, newest first as they come. @param team tells only of what is its own */
export function groupActivity(operations: readonly OperationView[], team?: string): ActivityGroup[] {
  const groups: ActivityGroup[] = [];
  for (const { operation, at, by, changes } of operations) {
    const own = changes.filter(({ artifact, run }) => team === undefined || (artifact ?? run)?.team === team);
    if (own.length === 0) continue;
    const last = groups.at(-1);
    const [change] = own;
    if (last !== undefined && change !== undefined && own.length === 1 && isSameLine(last, by, change)) {
      const count = (last.since?.count ?? 1) + 1;
      groups[groups.length - 1] = { ...last, since: { version: change.version ?? "", count } };
    } else groups.push({ operation, at, by, changes: own });
  }
  return groups;
}

/** Whether a change is one more version of the artifact that a group tells of a new version of. */
function isSameLine(group: ActivityGroup, by: string, change: OperationChange): boolean {
  const [newest] = group.changes;
  return (
    group.by === by &&
    change.kind === "version" &&
    newest?.kind === "version" &&
    change.artifact !== null &&
    change.artifact.id === newest.artifact?.id
  );
}
