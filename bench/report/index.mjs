/** The reports and their plots, from the results of a run. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { steps } from "../steps.mjs";
import { bestTable } from "./best.mjs";
import { machineOf, writeFigures } from "./document.mjs";
import { mediansOf } from "./medians.mjs";
import { plot } from "./plot.mjs";
import { failures, limitsTable, resourcesTable, secondsTable, stepsOf, table } from "./tables.mjs";
import { targetsTable } from "./targets.mjs";

const MiB = 2 ** 20;

const documents = { benchmarks: "Benchmarks", "other-folders": "Other folders" };

/** Writes the documents of which there are corpora, what stands between their marks, and the plots. */
export function writeReport(results, docs) {
  mkdirSync(path.join(docs, "benchmarks"), { recursive: true });
  const medianOf = mediansOf(results.cycles);
  for (const [document, title] of Object.entries(documents)) {
    const corpora = Object.entries(results.corpora).filter(([, corpus]) => corpus.document === document);
    if (corpora.length === 0) continue;
    const cycles = results.cycles.filter(({ corpus }) => results.corpora[corpus].document === document);
    const targets = results.about.scale === 1 ? targetsTable(medianOf) : "";
    writeFigures(path.join(docs, `${document}.md`), title, [
      head(results, cycles),
      document === "benchmarks" ? targets : bestTable(corpora, cycles, medianOf),
      ...sections(corpora, cycles, medianOf, docs),
    ]);
  }
}

function head({ about, missing }, cycles) {
  const used = Object.entries(about.contenders);
  const rounds = (isOwn) => {
    const counts = new Map();
    for (const { corpus, who } of cycles) {
      if (who.startsWith("artifold") !== isOwn || who === "limits") continue;
      counts.set(`${corpus} ${who}`, (counts.get(`${corpus} ${who}`) ?? 0) + 1);
    }
    const [least, most] = [Math.min(...counts.values()), Math.max(...counts.values())];
    return counts.size === 0
      ? "none"
      : most === 1
        ? "single runs"
        : `medians of ${least === most ? most : `${least} to ${most}`} rounds`;
  };
  return [
    machineOf(about),
    `Made by ${about.commands.map((command) => `\`${command}\``).join(", ")} from ${about.artifold}${about.scale === 1 ? "" : `, **at scale ${about.scale}: to try the benchmark, not to compare tools**`}.`,
    `artifold and limits: ${rounds(true)}; peers: ${rounds(false)}. ${about.mounts ? "Each cycle on a fresh file system (loop device, direct, on a sparse file)." : "**Each cycle in a fresh folder: file systems could not be mounted.**"}`,
    "",
    table(
      ["tool", "version", "notes"],
      used.map(([name, { version, note }]) => [name, version, note ?? ""]),
    ),
    ...(missing.length > 0 ? ["", `Not installed, so not measured: ${missing.join(", ")}.`] : []),
  ].join("\n");
}

function sections(corpora, cycles, medianOf, docs) {
  return corpora.map(([name, corpus]) => {
    const title = `### ${name}`;
    if (corpus.missing !== undefined) return `${title}\n\nNot measured: ${corpus.missing}.`;
    const contenders = [...new Set(cycles.filter((cycle) => cycle.corpus === name).map(({ who }) => who))].filter(
      (who) => who !== "limits",
    );
    const of = (who, step) => medianOf(name, who, step);
    const changes = Object.entries(corpus.changes).filter(([step]) => !step.startsWith("release-"));
    writeFileSync(path.join(docs, "benchmarks", `${name}.svg`), corpusPlot(name, corpus, contenders, of));
    const failed = failures(corpus, contenders, of);
    return [
      title,
      `${corpus.about}.${changes.map(([step, about]) => ` ${steps[step].title}: ${about}.`).join("")}`,
      ...(corpus.leavesOutPeers === undefined ? [] : [`No peers: ${corpus.leavesOutPeers}.`]),
      secondsTable(corpus, contenders, of),
      resourcesTable(corpus, contenders, of),
      ...(corpus.steps.some((step) => step.startsWith("release-")) ? [releasesTable(corpus, contenders, of)] : []),
      limitsTable(of),
      ...(failed.length > 0 ? [failed.map((line) => `- ${line}`).join("\n")] : []),
      ...(name === "tiny" ? [exponents(Object.fromEntries(corpora), medianOf)] : []),
      `![${name}: seconds and store of each tool](benchmarks/${name}.svg)`,
    ].join("\n\n");
  });
}

/** Later releases together: what the table of single steps would need seven columns for. */
function releasesTable(corpus, contenders, of) {
  const releases = corpus.steps.filter((step) => step.startsWith("release-"));
  const rows = contenders.map((who) => {
    const each = releases.map((step) => of(who, step)?.wall).filter((wall) => wall !== undefined);
    const store = of(who, releases.at(-1))?.storeBytes;
    if (each.length < releases.length) return [who, "–", "–", "–"];
    const sum = each.reduce((total, wall) => total + wall, 0);
    return [who, sum.toFixed(2), Math.max(...each).toFixed(3), store === undefined ? "–" : (store / MiB).toFixed(2)];
  });
  return table(
    ["", `${releases.length} later releases: s in all`, "the slowest s", "store after all of them MiB"],
    rows,
  );
}

/** How time, memory and written bytes grow from a tenth of the files to all. */
function exponents(corpora, medianOf) {
  if (corpora["tiny-tenth"]?.files === undefined) return "";
  const factor = Math.log(corpora.tiny.files / corpora["tiny-tenth"].files);
  const rows = corpora.tiny.steps.flatMap((step) => {
    const [tenth, all] = ["tiny-tenth", "tiny"].map((name) => medianOf(name, "artifold", step));
    if (tenth?.wall === undefined || all?.wall === undefined) return [];
    const exponent = (pick) => (Math.log(pick(all) / pick(tenth)) / factor).toFixed(2);
    return [
      [steps[step].title, exponent((used) => used.wall), exponent((used) => used.cpu), `${Math.round(all.peak / MiB)}`],
    ];
  });
  return table(
    ["artifold, from a tenth of the files to all", "exponent of wall time", "of CPU time", "peak MiB"],
    rows,
  );
}

function corpusPlot(name, corpus, contenders, of) {
  const points = (pick) => contenders.map((who) => ({ name: who, value: pick(who) })).filter(({ value }) => value > 0);
  const panels = stepsOf(corpus).map((step) => {
    const limit = of("limits", steps[step].limit);
    return {
      title: step.startsWith("release-") ? "the last release" : steps[step].title,
      unit: "s",
      limit: limit === undefined ? undefined : { name: steps[step].limit, value: limit.wall },
      points: points((who) => of(who, step)?.wall),
    };
  });
  const lastUpload = corpus.steps.findLast((step) => steps[step].does === "add");
  const store = {
    title: "store after all uploads",
    unit: "MiB",
    points: points((who) => (of(who, lastUpload)?.storeBytes ?? 0) / MiB),
  };
  return plot(name, [...panels, store]);
}
