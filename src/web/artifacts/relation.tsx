/** Which runs made and used a version, and what came of what, to both sides. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { LineageGraph } from "../drawing/lineage-graph.tsx";
import { useLineage } from "../drawing/use-lineage.ts";
import { RunTable } from "../pages/run-table.tsx";
import { Awaited, Empty } from "../parts/bits.tsx";
import { client } from "../shell/session.ts";
import { paramsOf, type VersionProps } from "./place.ts";

/** Which way the graph goes. */
export type Direction = "both" | "back" | "forward";

const DIRECTIONS: { readonly [Each in Direction]: string } = {
  both: "Both ways",
  back: "Where it came from",
  forward: "What came of it",
};

/** What is said where the graph has nothing. */
const NONE: { readonly [Each in Direction]: string } = {
  both: "No run is known to have made or used this version",
  back: "No run is known to have made this version",
  forward: "No run is known to have used this version",
};

/** The tab Relation. */
export function Relation({ version }: VersionProps): JSX.Element {
  const [direction, setDirection] = useState<Direction>("both");
  const params = paramsOf(version);
  const lineage = useLineage(`lineage/${direction}`, version.id, (signal) =>
    client.call("lineage", { params, query: { direction }, signal }),
  );
  return (
    <div class="stack">
      <Directions value={direction} onChange={setDirection} />
      <Awaited of={lineage} what="lineage">
        {(found) =>
          found.nodes.length > 1 ? (
            <LineageGraph lineage={found} start={version.id} />
          ) : (
            <Empty title={NONE[direction]}>
              <p>
                What a run downloads is used by it, what it uploads is made by it: see <code>artifold init</code> and{" "}
                <code>artifold run</code>.
              </p>
            </Empty>
          )
        }
      </Awaited>
      {version.madeBy.length > 0 && (
        <section class="part">
          <h2 class="minor">Made by</h2>
          <RunTable label="Runs that made it" runs={version.madeBy} />
        </section>
      )}
      {version.usedBy.length > 0 && (
        <section class="part">
          <h2 class="minor">Used by</h2>
          <RunTable label="Runs that used it" runs={version.usedBy} />
        </section>
      )}
    </div>
  );
}

/** Chooses which way the graph goes. */
export function Directions(props: { value: Direction; onChange: (value: Direction) => void }): JSX.Element {
  return (
    <fieldset class="choice">
      <legend class="unseen">Direction of the graph</legend>
      {(Object.keys(DIRECTIONS) as Direction[]).map((each) => (
        <label key={each}>
          <input type="radio" name="direction" checked={props.value === each} onInput={() => props.onChange(each)} />
          <span>{DIRECTIONS[each]}</span>
        </label>
      ))}
    </fieldset>
  );
}
