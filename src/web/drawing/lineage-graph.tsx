/** Runs and versions as a graph, from left to right: what was used, the run, what it made. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { LineageNodeView, LineageView } from "../../client/index.ts";
import { kindOf } from "../artifacts/kind.ts";
import { runHref, runStates } from "../pages/run-table.tsx";
import { counted, size } from "../parts/text.ts";
import { useWidth } from "../parts/width.ts";
import { hrefOf } from "../shell/routes.ts";
import { type GraphEdge, type PlacedNode, placeGraph } from "./graph-layout.ts";

const MEASURES = { nodeWidth: 196, nodeHeight: 50, columnGap: 64, rowGap: 18 };
const MARGIN = 12;
/** Of its place, at both sides. */
const BORDER_PX = 2;

/** What the graph is told. */
export interface LineageGraphProps {
  readonly lineage: LineageView;
  /** Id of the node that it was asked from. */
  readonly start: string;
}

/** Below this its words are too small to be read. */
const SCALE_MIN = 0.72;

/** Of its place, which is not longer: `max-height` of `.graph`. */
const HEIGHT_MAX_PX = 512;

type Zoom = "whole" | "middle" | "large";

/** What the button says that leads to each. */
const ZOOMS: { readonly [To in Zoom]: string } = {
  whole: "Show all of it",
  middle: "Show more of it",
  large: "Show it large",
};

/** The graph: as large as it is, or all of it in its place. What does not fit scrolls, and begins with the start in view. */
export function LineageGraph({ lineage, start }: LineageGraphProps): JSX.Element {
  const box = useRef<HTMLElement>(null);
  const edges = lineage.links.map(({ link, run, version }): GraphEdge => {
    return link === "used" ? { from: version, to: run } : { from: run, to: version };
  });
  const graph = placeGraph(
    lineage.nodes.map(({ id }) => id),
    edges,
    MEASURES,
  );
  const byId = new Map(lineage.nodes.map((node) => [node.id, node]));
  const own = graph.nodes.find(({ id }) => id === start);
  const [width, height] = [graph.width + 2 * MARGIN, graph.height + 2 * MARGIN];
  const room = useWidth(box) - BORDER_PX;
  const [chosen, setChosen] = useState<Zoom>();
  const fitting = Math.min(1, room / width, (HEIGHT_MAX_PX - BORDER_PX) / height);
  const zoom = chosen ?? (fitting >= SCALE_MIN ? "whole" : "large");
  const next = zoom === "whole" ? "large" : zoom === "large" && fitting < SCALE_MIN ? "middle" : "whole";
  const scale = { whole: fitting, middle: Math.sqrt(fitting), large: 1 }[zoom];
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || own === undefined) return;
    element.scrollTo(own.x * scale - element.clientWidth / 2, own.y * scale - element.clientHeight / 2);
  }, [start, lineage, scale]);
  return (
    <div class="graph-place">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
      <section ref={box} class="graph" tabIndex={0} aria-label="Graph of runs and versions">
        <svg width={width * scale} height={height * scale} viewBox={`${-MARGIN} ${-MARGIN} ${width} ${height}`}>
          <title>What came of what, from left to right</title>
          <g class="graph-edges">
            {graph.edges.map(({ from, to, path }) => (
              <path key={`${from} ${to}`} class={from === start || to === start ? "near" : undefined} d={path} />
            ))}
          </g>
          {graph.nodes.map((node) => (
            <Node key={node.id} placed={node} node={byId.get(node.id)} isStart={node.id === start} />
          ))}
        </svg>
      </section>
      {fitting < 1 && (
        <button type="button" class="button graph-size" onClick={() => setChosen(next)}>
          {ZOOMS[next]}
        </button>
      )}
    </div>
  );
}

interface NodeProps {
  readonly placed: PlacedNode;
  readonly node: LineageNodeView | undefined;
  readonly isStart: boolean;
}

function Node({ placed, node, isStart }: NodeProps): JSX.Element | null {
  if (node === undefined) return null;
  const { title, line, href, kind } = textOf(node);
  const { nodeWidth, nodeHeight } = MEASURES;
  const inside = (
    <>
      <rect width={nodeWidth} height={nodeHeight} rx={node.kind === "run" ? nodeHeight / 2 : 5} />
      <text class="graph-title" x={22} y={21}>
        {shortened(title, 21)}
      </text>
      <text class="graph-line" x={22} y={38}>
        {shortened(line, 27)}
      </text>
      {node.kind === "version" && <path class={`graph-fold ${kind}`} d="M0 5a5 5 0 0 1 5-5h6L0 16z" />}
      {node.more && (
        <text class="graph-more" x={nodeWidth - 14} y={30}>
          …<title>There is more this way</title>
        </text>
      )}
      <title>{`${title}: ${line}`}</title>
    </>
  );
  const place = { transform: `translate(${placed.x - nodeWidth / 2} ${placed.y - nodeHeight / 2})` };
  const look = `graph-node ${node.kind}${isStart ? " start" : ""}`;
  if (href === undefined) {
    return (
      <g class={`${look} unknown`} {...place}>
        {inside}
      </g>
    );
  }
  return (
    <a class={look} href={href} aria-current={isStart} {...place}>
      {inside}
    </a>
  );
}

interface NodeText {
  readonly title: string;
  readonly line: string;
  readonly href: string | undefined;
  readonly kind: string;
}

function textOf({ run, version, kind, id }: LineageNodeView): NodeText {
  if (run !== null) {
    const line = `Run, ${runStates[run.state].toLowerCase()}`;
    return { title: run.name, line, href: runHref(run, "relation"), kind: "" };
  }
  if (version !== null) {
    const { team, experiment, type, name, version: number, files, bytes } = version;
    const href = hrefOf({ page: "artifacts", team, experiment, type, name, version: number, tab: "relation" });
    const line = `${counted(files, "file")}, ${size(bytes)}${version.removed ? ", removed" : ""}`;
    return { title: `${name} ${number}`, line, href, kind: kindOf(type) };
  }
  return { title: `a ${kind}`, line: `not here: ${id.slice(0, 12)}`, href: undefined, kind: "" };
}

function shortened(text: string, most: number): string {
  const letters = [...text];
  if (letters.length <= most) return text;
  // Both ends tell names apart.
  const end = Math.floor(most / 3);
  return `${letters.slice(0, most - end - 1).join("")}…${letters.slice(-end).join("")}`;
}
