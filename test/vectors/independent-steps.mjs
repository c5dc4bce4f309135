// What logs of remotes say, for the independent reader: "Steps of remotes" in section 12 of docs/format.md, and the
// steps and events of section 17.
import { addArtifact, artifactOf, link, setRemoved, setTag, versionById, versionsOf } from "./independent-state.mjs";
import { check, derive, readRunRecord, readValue, readVersionRecord } from "./independent-values.mjs";

/** Takes over a step that was read from a log, or written to it. */
export function takeStep(state, { remote, log, slot, core }) {
  if (!state.told.has(remote)) {
    const told = { steps: new Map(), artifacts: new Map(), versions: new Map(), tags: new Map(), runs: new Map() };
    state.told.set(remote, told);
  }
  const told = state.told.get(remote);
  const before = told.steps.get(log) ?? { slot: 0, digest: remote };
  const [kind, previous, , , , events] = readValue(core);
  check(kind === 5, "a step");
  check(slot === before.slot + 1 && previous.toString("hex") === before.digest, "the chain of a log");
  told.steps.set(log, { slot, digest: derive("log step", core).toString("hex") });
  const artifact = log.startsWith("a/") ? log.slice(2) : undefined;
  for (const [kind, ...said] of events) takeEvent({ state, told, log, artifact }, kind, said);
  if (events.some(([kind]) => kind === 2 || kind === 16)) numberAnew(state, artifact);
}

/** By kind, what an event does in the log of names (12 to 14), of an artifact (all others) and of an experiment (3). */
const takers = {
  1: takeNote,
  2: takeVersion,
  3: takeRun,
  4: takeTag,
  5: ({ state }, run, version) => link(state, "used", hex(run), hex(version)),
  6: (step, version) => takeRemoval(step, hex(version), true),
  7: ({ state }, run, version) => link(state, "made", hex(run), hex(version)),
  8: (step, version) => takeRemoval(step, hex(version), false),
  10: () => {},
  12: takeNames,
  14: () => {},
  16: takeAlso,
};

function takeEvent(step, kind, said) {
  const take = takers[kind];
  check(take !== undefined || kind % 2 === 1, `an event: ${kind}`);
  take?.(step, ...said);
}

const hex = (digest) => (digest === null ? null : digest.toString("hex"));

function takeNames({ told }, id, team, experiment, type, name) {
  const artifact = hex(id);
  if (!told.artifacts.has(artifact)) told.artifacts.set(artifact, { artifact, team, experiment, type, name });
}

/** The artifact of a log, which is there from the first of certain events on. */
function ownerOf({ state, told, artifact }) {
  const named = told.artifacts.get(artifact);
  if (named !== undefined) addArtifact(state, named);
  return artifactOf(state, artifact);
}

/** Notes that the log tells of a version. */
function tell(step, record) {
  const version = readVersionRecord(record);
  const { message, metadata, run, id } = version;
  check(version.artifact === step.artifact && !step.told.versions.has(id), "a version of a log");
  step.told.versions.set(id, { removed: false, message, metadata });
  if (run !== undefined) link(step.state, "made", run, id);
  ownerOf(step);
  return version;
}

function takeVersion(step, number, record) {
  const { state } = step;
  const version = tell(step, record);
  const others = versionsOf(state, version.artifact).filter((each) => each.number === number && each.id !== version.id);
  for (const other of others) {
    if (other.forGood) return;
    // One that has another manifest is numbered anew at the end of the step.
    if (other.manifest === version.manifest) makeAlso(state, other, version.id);
  }
  const known = state.versions.get(version.id);
  if (known !== undefined) Object.assign(known, { number, forGood: true });
  else state.versions.set(version.id, { ...version, number, forGood: true, removed: false, whole: false });
}

function takeAlso(step, holder, record) {
  const version = tell(step, record);
  makeAlso(step.state, versionById(step.state, version.id) ?? version, hex(holder));
}

/** Has a version found under the number of another. */
function makeAlso(state, version, holder) {
  const { number: _number, forGood, removed: _removed, whole: _whole, ...own } = version;
  if (forGood) return;
  state.also.set(own.id, { ...own, holder });
  if (state.versions.delete(own.id)) state.artifacts.get(own.artifact).highest--;
}

/** Numbers what has none for good behind what has. */
function numberAnew(state, artifact) {
  const versions = versionsOf(state, artifact);
  let last = Math.max(0, ...versions.filter(({ forGood }) => forGood).map(({ number }) => number));
  for (const version of versions) if (!version.forGood) version.number = ++last;
  const owner = state.artifacts.get(artifact);
  owner.highest = Math.max(owner.highest, last);
}

function takeTag(step, tag, id) {
  const { told, artifact } = step;
  const key = `${artifact} ${tag}`;
  const owner = ownerOf(step);
  if (owner.tags[tag] === told.tags.get(key)) setTag(owner, tag, hex(id));
  if (id === null) told.tags.delete(key);
  else told.tags.set(key, hex(id));
}

function takeRemoval({ state, told }, id, removed) {
  const before = told.versions.get(id);
  if (state.versions.get(id)?.removed === before.removed) setRemoved(state, id, removed);
  before.removed = removed;
}

function takeNote({ state, told }, id, message, metadata) {
  const before = told.versions.get(hex(id));
  const here = versionById(state, hex(id));
  const said = { message, metadata: metadata === null ? null : JSON.parse(metadata) };
  for (const key of ["message", "metadata"]) {
    if (said[key] === null) continue;
    if (isSame(here?.[key], before[key])) here[key] = said[key];
    before[key] = said[key];
  }
}

const isSame = (left, right) => JSON.stringify(left) === JSON.stringify(right);

function takeRun({ state, told, log }, record, config, ending) {
  const run = readRunRecord(record);
  const { id, team, experiment } = run;
  const [ended, at, exitCode, signal] = ending ?? [];
  const end = ending === null ? null : { at, state: ["finished", "failed", "killed"][ended - 1], exitCode, signal };
  const now = [JSON.parse(config), end];
  const ofExperiment = JSON.stringify([team, experiment, id]);
  const key = log.startsWith("e/") ? ofExperiment : `${log} ${id}`;
  const before = told.runs.get(key) ?? told.runs.get(ofExperiment);
  told.runs.set(key, now);
  const here = state.runs.get(id);
  if (here === undefined) state.runs.set(id, { ...run, config: now[0], ended: end });
  else if (before !== undefined && isSame([here.config, here.ended], before)) {
    here.config = now[0];
    here.ended = end ?? here.ended;
  }
}
