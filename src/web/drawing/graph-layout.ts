/**
 * Places the nodes of a directed graph without circles in columns, so that every edge leads to the right. Columns by the
 * longest way, order within a column by the middle of the neighbours, swept to and fro: the frame of Sugiyama, Tagawa and
 * Toda (1981), with edges that pass columns drawn as one curve.
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

/** Places nodes. Edges of nodes that are not there are left out; an edge that would close a circle is drawn and not followed. */
export function placeGraph(ids: readonly string[], edges: readonly GraphEdge[], measures: GraphMeasures): PlacedGraph {
  const known = new Set(ids);
  const drawn = edges.filter(({ from, to }) => known.has(from) && known.has(to) && from !== to);
  const columns = columnsOf(ids, drawn);
  order(columns, drawn);
  const { nodeWidth, nodeHeight, columnGap, rowGap } = measures;
  const tallest = Math.max(1, ...columns.map((column) => column.length));
  const height = tallest * (nodeHeight + rowGap) - rowGap;
  const nodes = columns.flatMap((column, at) => {
    const own = column.length * (nodeHeight + rowGap) - rowGap;
    return column.map((id, row) => ({
      id,
      x: at * (nodeWidth + columnGap) + nodeWidth / 2,
      y: (height - own) / 2 + row * (nodeHeight + rowGap) + nodeHeight / 2,
    }));
  });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return {
    nodes,
    edges: drawn.map((edge) => ({ ...edge, path: curve(byId, edge, measures) })),
    width: Math.max(1, columns.length) * (nodeWidth + columnGap) - columnGap,
    height,
  };
}

/** Nodes by the number of edges on the longest way to them. */
function columnsOf(ids: readonly string[], edges: readonly GraphEdge[]): string[][] {
  const depth = new Map<string, number>();
  const before = new Map<string, string[]>();
  for (const { from, to } of edges) before.set(to, [...(before.get(to) ?? []), from]);
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
  const columns: string[][] = [];
  for (const id of ids) {
    const at = depthOf(id);
    while (columns.length <= at) columns.push([]);
    columns[at]?.push(id);
  }
  return columns;
}

/** Orders each column by the middle of its neighbours in the one before, then in the one after. */
function order(columns: string[][], edges: readonly GraphEdge[]): void {
  const place = new Map<string, number>();
  const settle = (column: readonly string[]): void => {
    for (const [row, id] of column.entries()) place.set(id, row - column.length / 2);
  };
  for (const column of columns) settle(column);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isForward = sweep % 2 === 0;
    for (const column of isForward ? columns : columns.toReversed()) {
      const middle = new Map(
        column.map((id) => {
          const near = edges.flatMap(({ from, to }) =>
            isForward ? (to === id ? [from] : []) : from === id ? [to] : [],
          );
          const sum = near.reduce((all, each) => all + (place.get(each) ?? 0), 0);
          return [id, near.length === 0 ? (place.get(id) ?? 0) : sum / near.length];
        }),
      );
      column.sort((left, right) => (middle.get(left) ?? 0) - (middle.get(right) ?? 0));
      settle(column);
    }
  }
}

function curve(nodes: ReadonlyMap<string, PlacedNode>, { from, to }: GraphEdge, { nodeWidth }: GraphMeasures): string {
  const start = nodes.get(from);
  const end = nodes.get(to);
  if (start === undefined || end === undefined) return "";
  const [x0, x1] = [start.x + nodeWidth / 2, end.x - nodeWidth / 2];
  const bend = Math.max(24, (x1 - x0) / 2);
  return `M${x0} ${start.y}C${x0 + bend} ${start.y} ${x1 - bend} ${end.y} ${x1} ${end.y}`;
}
