// What holds in a store, for the independent reader of docs/format.md: what changes and steps have in common.

/** What holds before the first record. */
export function emptyState() {
  return {
    artifacts: new Map(),
    versions: new Map(),
    /** Versions that are found under the number of another one, their holder. */
    also: new Map(),
    runs: new Map(),
    /** Ids of versions by those of runs. */
    links: { used: new Map(), made: new Map() },
    remotes: new Map(),
    /** What the logs of each remote have said, by the remote's id. */
    told: new Map(),
  };
}

/** Lists of all that holds: versions of an artifact in the order of their numbers. */
export function listsOf(state) {
  const { artifacts, versions, also, runs, links, remotes } = state;
  const numbered = [...artifacts.keys()].flatMap((artifact) => versionsOf(state, artifact));
  return {
    remotes: [...remotes.values()],
    artifacts: [...artifacts.values()],
    versions: numbered,
    alsoMade: [...also.values()].map((each) => {
      const { number, removed, whole } = versions.get(each.holder);
      return { ...each, number, removed, whole };
    }),
    runs: [...runs.values()].map((run) => {
      return { ...run, used: links.used.get(run.id) ?? [], made: links.made.get(run.id) ?? [] };
    }),
  };
}

/** Adds an artifact, unless its id or its names are there. */
export function addArtifact({ artifacts }, { artifact, ...named }) {
  const names = ({ team, experiment, type, name }) => JSON.stringify([team, experiment, type, name]);
  if (artifacts.has(artifact) || [...artifacts.values()].some((each) => names(each) === names(named))) return;
  artifacts.set(artifact, { artifact, ...named, highest: 0, tags: {} });
}

/** An artifact, under a name of our own where its own is lost. */
export function artifactOf(state, artifact) {
  const lost = "lost-and-found";
  addArtifact(state, { artifact, team: lost, experiment: lost, type: lost, name: artifact.slice(0, 16) });
  return state.artifacts.get(artifact);
}

/** Versions of an artifact that have numbers, in the order of these. */
export function versionsOf({ versions }, artifact) {
  const all = [...versions.values()].filter((version) => version.artifact === artifact);
  return all.sort((left, right) => left.number - right.number);
}

/** What has its own message and metadata: a version with a number, or one that is found under another's. */
export function versionById({ versions, also }, id) {
  return versions.get(id) ?? also.get(id);
}

/** Whether all content of a version is in the store. */
export function isWhole({ versions, also }, id) {
  return (versions.get(id) ?? versions.get(also.get(id)?.holder))?.whole !== false;
}

export function setTag({ tags }, tag, version) {
  if (version === null) delete tags[tag];
  else tags[tag] = version;
}

export function setRemoved({ versions }, id, removed) {
  const version = versions.get(id);
  if (version !== undefined) version.removed = removed;
}

/** Joins a run and a version, either of which may be one that is not known. */
export function link({ links }, kind, run, version) {
  const ids = links[kind].get(run) ?? [];
  if (!ids.includes(version)) links[kind].set(run, [...ids, version]);
}
