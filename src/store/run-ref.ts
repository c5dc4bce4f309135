/** Addresses of runs, as people write them. */
import { type Catalog, checkName, type RunRow, runs, runsByIdStart } from "../catalog/index.ts";
import { ArtifoldError } from "../errors.ts";
import { checkDigest, given } from "./ref.ts";

/** A parsed address: `[team/experiment/]name[@id]`, or `@id` alone. */
export interface RunRef {
  readonly team?: string | undefined;
  readonly experiment?: string | undefined;
  readonly name?: string | undefined;
  /** The beginning of a run id: 8 to 64 hex digits. */
  readonly id?: string | undefined;
}

/** Parses an address of a run. @throws ArtifoldError USAGE when it is none */
export function parseRunRef(text: string): RunRef {
  const mark = text.indexOf("@");
  const place = mark === -1 ? text : text.slice(0, mark);
  const id = mark === -1 ? undefined : checkDigest(text.slice(mark + 1));
  if (place === "" && id !== undefined) return { id };
  const parts = place.split("/");
  if ((parts.length !== 1 && parts.length !== 3) || parts.includes("")) {
    throw new ArtifoldError("USAGE", `not an address of a run: ${JSON.stringify(text)}`, {
      hint: "Write [team/experiment/]name, as in sable-life-1, or @ and the first digits of its id.",
    });
  }
  const name = checkName("run", parts[parts.length - 1] as string);
  if (parts.length === 1) return { name, id };
  const [team, experiment] = parts as [string, string];
  return { team: checkName("team", team), experiment: checkName("experiment", experiment), name, id };
}

/** The address of a run that means this one and no other, whatever else comes. */
export function fullRunRef(run: { team: string; experiment: string; name: string; id: string }): string {
  return `${run.team}/${run.experiment}/${run.name}@${run.id}`;
}

/**
 * Finds the run that an address names: in the team and experiment given, else in the default ones, else wherever the name
 * is unique.
 *
 * @throws ArtifoldError NOT_FOUND or AMBIGUOUS
 */
export function findRun(catalog: Catalog, ref: RunRef, defaults: { team: string; experiment: string }): RunRow {
  const { id, ...names } = ref;
  const asked = given(names);
  if (id !== undefined) {
    const found = runsByIdStart(catalog, id);
    const isAsked = (run: RunRow): boolean =>
      (["team", "experiment", "name"] as const).every((key) => asked[key] === undefined || run[key] === asked[key]);
    return onlyOne(ref, found.filter(isAsked));
  }
  const near = runs(catalog, { ...defaults, ...asked }, { limit: FOUND_MAX });
  return onlyOne(ref, near.length > 0 ? near : runs(catalog, asked, { limit: FOUND_MAX }));
}

/** Of runs that one address fits, no more are named. */
const FOUND_MAX = 10;

function onlyOne(ref: RunRef, found: readonly RunRow[]): RunRow {
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  const asked = [ref.team, ref.experiment, ref.name].filter((part) => part !== undefined).join("/");
  const what = ref.id === undefined ? asked : `${asked}@${ref.id}`;
  if (first === undefined) {
    throw new ArtifoldError("NOT_FOUND", `there is no run ${what}`, {
      hint: "`artifold runs ls` lists what there is.",
    });
  }
  const places = found.map((run) => `${run.team}/${run.experiment}/${run.name}@${run.run.slice(0, 12)}`);
  throw new ArtifoldError("AMBIGUOUS", `${what} may be ${places.join(" or ")}`, {
    hint: "Write the one that is meant, as it stands here.",
  });
}
