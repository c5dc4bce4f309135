/** Names in the form in which they only look different: no two of one kind and place may be equal in it. */
import type { Digest } from "../digest/index.ts";
import type { Catalog } from "./catalog.ts";
import { foldName } from "./names.ts";

/** Where names of a kind must be distinct, as one text. */
export const nameScopes = {
  team: (): string => "team",
  experiment: (team: string): string => `experiment/${team}`,
  type: (team: string, experiment: string): string => `type/${team}/${experiment}`,
  artifact: (team: string, experiment: string, type: string): string => `artifact/${team}/${experiment}/${type}`,
  run: (team: string, experiment: string): string => `run/${team}/${experiment}`,
  tag: (artifact: Digest): string => `tag/${artifact}`,
} as const;

/** Remembers a name; the first of those that fold equal stays. */
export function addFolded(catalog: Catalog, scope: string, name: string): void {
  catalog
    .statement("INSERT OR IGNORE INTO folded (scope, folded, name) VALUES (?, ?, ?)")
    .run(scope, foldName(name), name);
}
