// What the journal says, for the independent reader: changes and checkpoints of section 12 of docs/format.md.
import { addArtifact, artifactOf, isWhole, link, setRemoved, setTag, versionById } from "./independent-state.mjs";
import { takeStep } from "./independent-steps.mjs";
import { check, readRunRecord, readVersionRecord } from "./independent-values.mjs";

/** Applies one change of an entry. */
export function applyChange(change, state) {
  const apply = Object.hasOwn(changes, change.change) ? changes[change.change] : undefined;
  check(apply !== undefined, `a change: ${change.change}`);
  apply(state, change);
}

/** Applies a checkpoint. */
export function applyCheckpoint({ artifacts }, state) {
  for (const { highest, tags, removed, ...named } of artifacts) {
    addArtifact(state, named);
    const artifact = artifactOf(state, named.artifact);
    artifact.highest = Math.max(artifact.highest, highest);
    if (tags !== null) artifact.tags = Object.fromEntries(tags);
    for (const version of removed) setRemoved(state, version, true);
  }
}

const changes = {
  artifact: (state, { artifact, team, experiment, type, name }) =>
    addArtifact(state, { artifact, team, experiment, type, name }),
  version: addVersion,
  tag: (state, { artifact, tag, version }) => setTag(artifactOf(state, artifact), tag, version),
  remove: (state, { version }) => setRemoved(state, version, true),
  restore: (state, { version }) => setRemoved(state, version, false),
  note: (state, { version, message, metadata }) => {
    const noted = versionById(state, version) ?? {};
    if (message !== undefined) noted.message = message;
    if (metadata !== undefined) noted.metadata = JSON.parse(metadata);
  },
  run: (state, { run: id, record }) => {
    const run = readRunRecord(record);
    check(run.id === id, "a run id");
    if (!state.runs.has(id)) state.runs.set(id, { ...run, ended: null });
  },
  config: ({ runs }, { run, config }) => {
    runs.get(run).config = JSON.parse(config);
  },
  used: (state, { run, version }) => link(state, "used", run, version),
  made: (state, { run, version }) => link(state, "made", run, version),
  ended: ({ runs }, { run, at, state, exitCode, signal }) => {
    runs.get(run).ended = { at, state, exitCode, signal };
  },
  remote: ({ remotes }, { name, url, id, writers }) => {
    if (url === null) remotes.delete(name);
    else remotes.set(name, { name, url, id, writers });
  },
  step: takeStep,
  whole: ({ versions }, { versions: ids }) => {
    for (const id of ids) if (versions.has(id)) versions.get(id).whole = true;
  },
};

function addVersion(state, { artifact, version: id, number, record }) {
  const version = readVersionRecord(record);
  check(version.id === id && version.artifact === artifact, "a version record");
  const owner = artifactOf(state, artifact);
  const isTaken = [...state.versions.values()].some((each) => each.artifact === artifact && each.number === number);
  if (versionById(state, id) !== undefined || isTaken) return;
  const whole = version.parents.every((parent) => isWhole(state, parent));
  state.versions.set(id, { ...version, number, forGood: false, removed: false, whole });
  owner.highest = Math.max(owner.highest, number);
  if (version.run !== undefined) link(state, "made", version.run, id);
}
