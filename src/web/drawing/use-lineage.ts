/** A graph of runs and versions, asked for again when something happens to one of them. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { LineageView } from "../../client/index.ts";
import { type Loaded, useLoad } from "../parts/load.ts";
import { revisionNow, revisionOfGraph } from "../shell/live.ts";

/** The graph around a run or a version. @param key with `start`, its id, names the graph */
export function useLineage(
  key: string,
  start: string,
  load: (signal: AbortSignal) => Promise<LineageView>,
): Loaded<LineageView> {
  const [revision, setRevision] = useState(0);
  const asked = useRef(0);
  const ask = (signal: AbortSignal): Promise<LineageView> => {
    asked.current = revisionNow();
    return load(signal);
  };
  const lineage = useLoad(`${key}/${start}`, ask, revision);
  // What is new in a graph hangs on what was in it.
  const ids = lineage.value?.nodes.map(({ id }) => id) ?? [start];
  const happened = revisionOfGraph(ids);
  useLayoutEffect(() => {
    // Also what happened to something of which the answer told first, while it was on its way.
    if (happened > asked.current) setRevision(happened);
  }, [happened]);
  return lineage;
}
