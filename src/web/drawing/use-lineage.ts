/** A graph of runs and versions, asked for again when something happens to one of them. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { LineageView } from "../../client/index.ts";
import { type Loaded, useLoad } from "../parts/load.ts";
import { revisionOfGraph } from "../shell/live.ts";

/** The graph around a run or a version. @param key with `start`, its id, names the graph */
export function useLineage(
  key: string,
  start: string,
  load: (signal: AbortSignal) => Promise<LineageView>,
): Loaded<LineageView> {
  const [revision, setRevision] = useState(0);
  const lineage = useLoad(`${key}/${start}`, load, revision);
  // What is new in a graph hangs on what was in it.
  const ids = lineage.value?.nodes.map(({ id }) => id) ?? [start];
  const watched = ids.join();
  const happened = revisionOfGraph(ids);
  const seen = useRef({ watched, happened });
  useLayoutEffect(() => {
    const isSame = seen.current.watched === watched;
    if (isSame && seen.current.happened !== happened) setRevision((at) => at + 1);
    seen.current = { watched, happened };
  }, [watched, happened]);
  return lineage;
}
