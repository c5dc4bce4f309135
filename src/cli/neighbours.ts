/** The runs of a version and the versions of a run, as commands show them: those that this store does not have too. */

import { formatNumber } from "../catalog/index.ts";
import type { LineageNode, LineageStart, Store } from "../store/index.ts";
import type { Run } from "./command.ts";
import { shortRef } from "./common.ts";
import { safe } from "./text.ts";

/** What is joined to a version or a run. */
export interface Neighbours {
  readonly used: readonly LineageNode[];
  readonly made: readonly LineageNode[];
}

/** Larger than any number of links. */
const ALL = 2 ** 40;

/** What stands one step from a version or a run. */
export async function neighboursOf(store: Store, start: LineageStart): Promise<Neighbours> {
  const { nodes, links } = await store.lineage(start, { steps: 1, nodes: ALL, neighbours: ALL });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const joined = (link: "used" | "made"): LineageNode[] =>
    links
      .filter((each) => each.link === link)
      .map((each) => byId.get("run" in start ? each.version : each.run) as LineageNode);
  return { used: joined("used"), made: joined("made") };
}

/** What --json prints of a neighbour. Of one that is not here only the id is known. */
export function neighbourFacts({ kind, id, run, version }: LineageNode): Record<string, unknown> {
  if (kind === "run") {
    const { team = null, experiment = null, name = null, state = null } = run ?? {};
    return { team, experiment, run: name, id, state };
  }
  const { team = null, experiment = null, type = null, name = null, number, digest = null } = version ?? {};
  return { team, experiment, type, name, version: number === undefined ? null : formatNumber(number), id, digest };
}

/** So many neighbours are shown to people; --json has all. */
const SHOWN_MAX = 20;

/** Neighbours for people, one a row, the first beside what they are. */
export function neighbourRows(call: Run, what: string, nodes: readonly LineageNode[]): [string, string][] {
  const texts = nodes.slice(0, SHOWN_MAX).map((node) => neighbourText(call, node));
  if (nodes.length > SHOWN_MAX) texts.push(`and ${nodes.length - SHOWN_MAX} more`);
  return texts.map((text, index) => [index === 0 ? what : "", text]);
}

function neighbourText(call: Run, { id, run, version }: LineageNode): string {
  if (version !== undefined) return shortRef(call, version);
  return run === undefined ? `@${id.slice(0, 12)} (not in this store)` : `${safe(run.name)}  ${run.state}`;
}
