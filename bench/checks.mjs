/** What must hold in every run, whatever the machine does; and the targets in time, which are shown and fail nothing. */
import { median } from "./measure.mjs";

const KiB = 1024;
const MiB = 1 << 20;
const MEMORY_MAX_MIB = 512;

/** Facts from the rows of artifold: each with what was measured, what it must be, and whether it is. */
export function factsOf(rows, history) {
  const facts = rows.filter((row) => row.who === "artifold").flatMap(factsOfRow);
  if (history !== undefined) {
    facts.push(atMost(`history: files in the store after ${history.versions} versions`, history.size.files, 99));
  }
  return worst(facts);
}

function factsOfRow(row) {
  const at = `${row.corpus}: `;
  if (row.failed !== undefined)
    return [{ fact: `${at}${row.step} works`, measured: row.failed, limit: "", holds: false }];
  const facts = [];
  if (Number.isFinite(row.peakRssKiB)) {
    facts.push(atMost(`${at}peak memory of any step, MiB`, Math.round(row.peakRssKiB / KiB), MEMORY_MAX_MIB));
  }
  if (row.differences !== undefined) facts.push(atMost(`${at}paths that differ after ${row.step}`, row.differences, 0));
  const { result } = row;
  if (row.step === "unchanged") {
    facts.push(atMost(`${at}unchanged upload, writtenBytes`, result.writtenBytes, 0));
    facts.push(atMost(`${at}unchanged upload, versions made`, result.changed ? 1 : 0, 0));
  } else if (row.step === "oneFile") {
    const beyond = result.writtenBytes - row.changedBytes;
    facts.push(atMost(`${at}one file changed, writtenBytes beyond the file`, beyond, 100 * KiB));
  } else if (row.step === "insert") {
    facts.push(atMost(`${at}1 KiB inserted, writtenBytes`, result.writtenBytes, MiB));
  } else if (row.step === "verify") {
    facts.push(atMost(`${at}verify, problems`, result.problems.length, 0));
  }
  return facts;
}

function atMost(fact, measured, limit) {
  return { fact, measured, limit, holds: measured <= limit };
}

/** The worst of all runs for each fact. */
function worst(facts) {
  const kept = new Map();
  for (const fact of facts) {
    const other = kept.get(fact.fact);
    if (other === undefined || (other.holds && (!fact.holds || fact.measured > other.measured)))
      kept.set(fact.fact, fact);
  }
  return [...kept.values()];
}

/** Targets in time, from medians. */
export function targetsOf(medians, corpora, history) {
  const seconds = (corpus, step, who = "artifold") =>
    medians.find((row) => row.corpus === corpus && row.step === step && row.who === who)?.wallSeconds;
  const targets = [];
  const add = (target, measured, limit) => {
    if (Number.isFinite(measured) && Number.isFinite(limit)) {
      targets.push({ target, measured, limit, met: measured <= limit });
    }
  };
  add(
    "many: unchanged upload in s, at most 3 × find -printf + 0.5 s",
    seconds("many", "unchanged"),
    3 * seconds("many", "unchanged", "find -printf") + 0.5,
  );
  for (const step of ["first", "unchanged"]) {
    const perFile = (corpus) => (seconds(corpus, step) * 1e6) / corpora[corpus].files;
    add(
      `tiny: ${step} upload, µs a file, at most 1.1 × that of a tenth of the files`,
      perFile("tiny"),
      1.1 * perFile("tiny-tenth"),
    );
  }
  if (history !== undefined) addHistory(add, seconds, history);
  return targets;
}

function addHistory(add, seconds, { versions, milliseconds }) {
  const [few, many] = ["10 versions", `${versions} versions`];
  add(
    "history: last upload in s, at most 1.3 × the tenth",
    seconds("history", "appended", many),
    1.3 * seconds("history", "appended", few),
  );
  add(
    "history: open and show in s, at most 1.3 × with ten versions",
    seconds("history", "opened", many),
    1.3 * seconds("history", "opened", few),
  );
  const last = Math.min(100, versions / 2);
  add(
    `history, in one process: upload in ms, median of the last ${last}, at most 1.3 × of the 6th to 15th`,
    median(milliseconds.slice(-last)),
    1.3 * median(milliseconds.slice(5, 15)),
  );
}
