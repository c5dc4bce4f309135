/** The graph of runs and versions around one of them: what it came from, and what came of it. */
import { type Catalog, type LinkKind, type LinkRow, linksOfRun, linksOfVersion, runById } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { Breather } from "../platform/index.ts";
import type { Engine } from "./engine.ts";
import { type RunSummary, viewRun } from "./run-view.ts";
import { Version } from "./version.ts";

/** Where a walk begins: at a version or a run, by id. A `Version` and a `Run` have one. */
export type LineageStart = { readonly version: Digest } | { readonly run: Digest };

/** Which way to walk, and how far. */
export interface LineageOptions {
  /** "back" to what it came from, "forward" to what came of it; default both, each for itself. */
  readonly direction?: "back" | "forward" | "both" | undefined;
  /** From a version to a run is one step, and so is from a run to a version. Default 6. */
  readonly steps?: number | undefined;
  /** At most so many runs and versions in all. Default 500. */
  readonly nodes?: number | undefined;
  /** At most so many neighbours of each: of the runs that used a version, the newest. Default 50. */
  readonly neighbours?: number | undefined;
}

/** A run or a version of a lineage. */
export interface LineageNode {
  readonly kind: "run" | "version";
  readonly id: Digest;
  /** Steps from where the walk began. */
  readonly distance: number;
  /** Whether there is more this way than the walk was to show: begin another one here to see it. */
  readonly more: boolean;
  /** The run; absent for a version, and for one that this store does not have. */
  readonly run?: RunSummary;
  /** The version, removed or not; absent for a run, and for one that this store does not have. */
  readonly version?: Version;
}

/** What joins two nodes: the run used the version, or made it. */
export interface LineageLink {
  readonly link: LinkKind;
  readonly run: Digest;
  readonly version: Digest;
}

/** A part of the graph. */
export interface Lineage {
  /** From near to far, the start first. */
  readonly nodes: readonly LineageNode[];
  /** Both ends of each are among the nodes. */
  readonly links: readonly LineageLink[];
}

type Direction = "back" | "forward";

/** A node in the making. */
interface Reached {
  readonly kind: "run" | "version";
  readonly id: Digest;
  readonly distance: number;
  more: boolean;
}

/** Walks breadth first, so that what is near is shown before what is far. */
export async function walkLineage(engine: Engine, start: LineageStart, options: LineageOptions): Promise<Lineage> {
  const { direction = "both" } = options;
  const walk = new Walk(engine, start, options);
  for (const each of ["back", "forward"] as const) if (direction === "both" || direction === each) await walk.go(each);
  return walk.result();
}

class Walk {
  readonly #engine: Engine;
  readonly #start: Reached;
  readonly #nodes = new Map<Digest, Reached>();
  readonly #links = new Map<string, LineageLink>();
  readonly #steps: number;
  readonly #nodesMax: number;
  readonly #neighboursMax: number;
  readonly #breather = new Breather();

  constructor(engine: Engine, start: LineageStart, options: LineageOptions) {
    this.#engine = engine;
    this.#start =
      "run" in start
        ? { kind: "run", id: start.run, distance: 0, more: false }
        : { kind: "version", id: start.version, distance: 0, more: false };
    this.#nodes.set(this.#start.id, this.#start);
    this.#steps = options.steps ?? 6;
    this.#nodesMax = options.nodes ?? 500;
    this.#neighboursMax = options.neighbours ?? 50;
  }

  async go(direction: Direction): Promise<void> {
    // A version that is both used and made by one run is met in both directions, and gone on from in each.
    const met = new Set<Digest>([this.#start.id]);
    const waiting: Reached[] = [this.#start];
    for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) {
      if (this.#breather.due()) await this.#breather.pause();
      const found = neighbours(this.#engine.catalog, node, direction, this.#neighboursMax + 1);
      if (found.length > this.#neighboursMax) node.more = true;
      for (const link of found.slice(0, this.#neighboursMax)) {
        const next = this.#reach(node, link);
        if (next === undefined) node.more = true;
        else if (!met.has(next.id)) {
          met.add(next.id);
          waiting.push(next);
        }
      }
    }
  }

  result(): Lineage {
    const nodes = [...this.#nodes.values()].sort((left, right) => left.distance - right.distance);
    return { nodes: nodes.map((node) => this.#view(node)), links: [...this.#links.values()] };
  }

  /** The node at the other end of a link; nothing where that would be too far or too many. */
  #reach(from: Reached, { link, run, version }: LinkRow): Reached | undefined {
    const kind = from.kind === "run" ? "version" : "run";
    const id = kind === "run" ? run : version;
    let next = this.#nodes.get(id);
    if (next === undefined) {
      if (from.distance >= this.#steps || this.#nodes.size >= this.#nodesMax) return undefined;
      next = { kind, id, distance: from.distance + 1, more: false };
      this.#nodes.set(id, next);
    }
    this.#links.set(`${link} ${run} ${version}`, { link, run, version });
    return next;
  }

  #view({ kind, id, distance, more }: Reached): LineageNode {
    const { catalog } = this.#engine;
    const node = { kind, id, distance, more };
    if (kind === "run") {
      const row = runById(catalog, id);
      return row === undefined ? node : { ...node, run: viewRun(this.#engine, row) };
    }
    const row = catalog.versionById(id);
    if (row === undefined) return node;
    return { ...node, version: new Version(this.#engine, catalog.artifactByRow(row.artifactRow), row) };
  }
}

/** Back from a version are the runs that made it, forward those that used it; of a run it is the other way round. */
function neighbours(catalog: Catalog, node: Reached, direction: Direction, limit: number): LinkRow[] {
  if (node.kind === "run") return linksOfRun(catalog, node.id, direction === "back" ? "used" : "made", { limit });
  return linksOfVersion(catalog, node.id, direction === "back" ? "made" : "used", { limit });
}
