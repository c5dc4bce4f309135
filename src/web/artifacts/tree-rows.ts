/** The rows of the tree at the left: types, their artifacts, and under an open one its versions. Pure. */

/** An artifact as the tree needs it. */
export interface TreeArtifact {
  readonly type: string;
  readonly name: string;
}

/** A row. */
export type TreeRow<A extends TreeArtifact> =
  | { readonly kind: "type"; readonly type: string; readonly artifacts: number; readonly isOpen: boolean }
  | { readonly kind: "artifact"; readonly artifact: A; readonly isOpen: boolean }
  /** The version with that index among the artifact's, newest first. */
  | { readonly kind: "version"; readonly artifact: A; readonly index: number };

/** What of the tree is open. */
export interface TreeState {
  /** Types that are closed. */
  readonly closed: ReadonlySet<string>;
  /** The artifact that is open, and how many versions it shows. */
  readonly open?: (TreeArtifact & { readonly versions: number }) | undefined;
}

/** Rows that can be asked for one by one, without making all of them. */
export interface TreeRows<A extends TreeArtifact> {
  readonly count: number;
  readonly at: (index: number) => TreeRow<A> | undefined;
  /** Index of a version's row; -1 where its artifact is not open or not there. */
  readonly indexOf: (versionIndex: number) => number;
  /** Index of an artifact's row; -1 where it is not there. */
  readonly indexOfArtifact: (artifact: TreeArtifact) => number;
}

/** Lays out the rows. Artifacts are in the order of their types. */
export function treeRows<A extends TreeArtifact>(artifacts: readonly A[], { closed, open }: TreeState): TreeRows<A> {
  const heads: TreeRow<A>[] = [];
  let opened = -1;
  for (let at = 0; at < artifacts.length; ) {
    const { type } = artifacts[at] as A;
    let end = at;
    while (artifacts[end]?.type === type) end++;
    const isOpen = !closed.has(type);
    heads.push({ kind: "type", type, artifacts: end - at, isOpen });
    for (const artifact of isOpen ? artifacts.slice(at, end) : []) {
      const isOwn = open?.type === type && open.name === artifact.name;
      if (isOwn) opened = heads.length;
      heads.push({ kind: "artifact", artifact, isOpen: isOwn });
    }
    at = end;
  }
  const versions = opened < 0 ? 0 : (open?.versions ?? 0);
  return {
    count: heads.length + versions,
    at: (index) => {
      if (opened < 0 || index <= opened) return heads[index];
      if (index > opened + versions) return heads[index - versions];
      const owner = heads[opened];
      return owner?.kind === "artifact"
        ? { kind: "version", artifact: owner.artifact, index: index - opened - 1 }
        : undefined;
    },
    indexOf: (version) => (opened < 0 || version < 0 || version >= versions ? -1 : opened + 1 + version),
    indexOfArtifact: ({ type, name }) => {
      const at = heads.findIndex(
        (row) => row.kind === "artifact" && row.artifact.type === type && row.artifact.name === name,
      );
      return at > opened && opened >= 0 ? at + versions : at;
    },
  };
}
