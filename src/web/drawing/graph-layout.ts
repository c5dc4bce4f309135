/**
 * Places the nodes of a directed graph without circles in columns, so that every edge leads to the right. Columns by the
 * longest way, order within a column by the middle of the neighbours, swept to and fro: the frame of Sugiyama, Tagawa and
 * Toda (1981), in which an edge keeps a place of its own in every column that it passes, so that it crosses no node.
 */

/** An edge: from what came first to what came of it. */
export interface GraphEdge {
  readonly from: string;
  readonly to: string;
}

/** Where a node is drawn: the middle of its box. */
export interface PlacedNode {
  readonly id: string;
  readonly x: number;
  readonly y: number;
}

/** A drawn graph, in pixels from its upper left corner. */
export interface PlacedGraph {
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly (GraphEdge & { readonly path: string })[];
  readonly width: number;
  readonly height: number;
}

/** Measures of a drawing, in pixels. */
export interface GraphMeasures {
  readonly nodeWidth: number;
  readonly nodeHeight: number;
  /** Between columns. */
  readonly columnGap: number;
  /** Between the nodes of a column. */
  readonly rowGap: number;
}

const SWEEPS = 6;
/** Height of the place that an edge takes in a column that it only passes. */
const LANE_PX = 14;

/** A place in a column: of a node, or of an edge that passes by. */
interface Cell {
  readonly id: string;
  readonly isNode: boolean;
}

/** Places nodes. Edges of nodes that are not there are left out; an edge that would close a circle is drawn and not followed. */
export function placeGraph(ids: readonly string[], edges: readonly GraphEdge[], measures: GraphMeasures): PlacedGraph {
  const known = new Set(ids);
  const drawn = edges.filter(({ from, to }) => known.has(from) && known.has(to) && from !== to);
  const columns: Cell[][] = columnsOf(ids, drawn).map((column) => column.map((id) => ({ id, isNode: true })));
  const ways = drawn.map((edge) => addLanes(columns, edge));
  const steps = ways.flatMap((way) => way.slice(1).map((to, at): GraphEdge => ({ from: way[at] as string, to })));
  order(columns, steps);
  const { places, height } = placeCells(columns, measures);
  return {
    nodes: ids.map((id) => places.get(id)).filter((node) => node !== undefined),
    edges: drawn.map((edge, at) => ({ ...edge, path: curve(ways[at] ?? [], places, measures) })),
    width: Math.max(1, columns.length) * (measures.nodeWidth + measures.columnGap) - measures.columnGap,
    height,
  };
}

/** Keeps a place for an edge in every column between its ends. @returns the ids from its beginning to its end */
function addLanes(columns: Cell[][], { from, to }: GraphEdge): string[] {
  const columnOf = (id: string): number => columns.findIndex((column) => column.some((cell) => cell.id === id));
  const way = [from];
  for (let at = columnOf(from) + 1; at < columnOf(to); at++) {
    const id = JSON.stringify([from, to, at]);
    columns[at]?.push({ id, isNode: false });
    way.push(id);
  }
  return [...way, to];
}

/** Stacks the cells of each column around the middle. */
function placeCells(columns: readonly (readonly Cell[])[], measures: GraphMeasures): CellPlaces {
  const { nodeWidth, nodeHeight, columnGap, rowGap } = measures;
  const heightOf = ({ isNode }: Cell): number => (isNode ? nodeHeight : LANE_PX) + rowGap;
  const heights = columns.map((column) => column.reduce((sum, cell) => sum + heightOf(cell), -rowGap));
  const height = Math.max(nodeHeight, ...heights);
  const places = new Map<string, PlacedNode>();
  for (const [at, column] of columns.entries()) {
    let top = (height - (heights[at] ?? 0)) / 2;
    for (const cell of column) {
      const y = top + (heightOf(cell) - rowGap) / 2;
      places.set(cell.id, { id: cell.id, x: at * (nodeWidth + columnGap) + nodeWidth / 2, y });
      top += heightOf(cell);
    }
  }
  return { places, height };
}

interface CellPlaces {
  readonly places: ReadonlyMap<string, PlacedNode>;
  readonly height: number;
}

/** Nodes by the number of edges on the longest way to them; those that came of nothing just before what came of them first. */
function columnsOf(ids: readonly string[], edges: readonly GraphEdge[]): string[][] {
  const { before, after } = neighboursOf(edges);
  const depths = depthsOf(ids, before);
  const columns: string[][] = [];
  for (const id of ids) {
    const users = before.has(id) ? [] : (after.get(id) ?? []).map((each) => depths.get(each) ?? 0);
    const at = users.length === 0 ? (depths.get(id) ?? 0) : Math.max(0, Math.min(...users) - 1);
    while (columns.length <= at) columns.push([]);
    columns[at]?.push(id);
  }
  return columns;
}

/** What stands at the other ends of the edges to each node, and from it. */
function neighboursOf(edges: readonly GraphEdge[]): {
  readonly before: ReadonlyMap<string, readonly string[]>;
  readonly after: ReadonlyMap<string, readonly string[]>;
} {
  const before = new Map<string, string[]>();
  const after = new Map<string, string[]>();
  for (const { from, to } of edges) {
    before.set(to, [...(before.get(to) ?? []), from]);
    after.set(from, [...(after.get(from) ?? []), to]);
  }
  return { before, after };
}

function depthsOf(ids: readonly string[], before: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, number> {
  const depth = new Map<string, number>();
  const open = new Set<string>();
  const depthOf = (id: string): number => {
    const found = depth.get(id);
    if (found !== undefined) return found;
    if (open.has(id)) return -1;
    open.add(id);
    const own = Math.max(0, ...(before.get(id) ?? []).map((each) => depthOf(each) + 1));
    open.delete(id);
    depth.set(id, own);
    return own;
  };
  for (const id of ids) depthOf(id);
  return depth;
}

/** Orders each column by the middle of its neighbours in the one before, then in the one after. */
function order(columns: Cell[][], steps: readonly GraphEdge[]): void {
  const place = new Map<string, number>();
  const settle = (column: readonly Cell[]): void => {
    for (const [row, { id }] of column.entries()) place.set(id, row - column.length / 2);
  };
  const { before, after } = neighboursOf(steps);
  for (const column of columns) settle(column);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isForward = sweep % 2 === 0;
    for (const column of isForward ? columns : columns.toReversed()) {
      const middle = new Map(
        column.map(({ id }) => {
          const near = (isForward ? before : after).get(id);
          const sum = (near ?? []).reduce((all, each) => all + (place.get(each) ?? 0), 0);
          return [id, near === undefined ? (place.get(id) ?? 0) : sum / near.length];
        }),
      );
      column.sort((left, right) => (middle.get(left.id) ?? 0) - (middle.get(right.id) ?? 0));
      settle(column);
    }
  }
}

/** A line through all places of a way: straight through columns, bent between them. */
function curve(way: readonly string[], places: CellPlaces["places"], { nodeWidth }: GraphMeasures): string {
  let path = "";
  let from: PlacedNode | undefined;
  for (const id of way) {
    const to = places.get(id);
    if (to === undefined) continue;
    if (from === undefined) path = `M${to.x + nodeWidth / 2} ${to.y}`;
    else {
      const [x0, x1] = [from.x + nodeWidth / 2, to.x - nodeWidth / 2];
      const bend = Math.max(24, (x1 - x0) / 2);
      path += `C${x0 + bend} ${from.y} ${x1 - bend} ${to.y} ${x1} ${to.y}`;
      if (id !== way.at(-1)) path += `H${to.x + nodeWidth / 2}`;
    }
    from = to;
  }
  return path;
}
