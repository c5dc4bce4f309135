/** `log`: tells what happened in the store, or to some artifacts, newest first. */
import type { Digest } from "../digest/index.ts";
import type { Operation, Store, ToldChange } from "../store/index.ts";
import type { Run } from "./command.ts";
import { parseCount, typeFlag } from "./common.ts";
import { describeEnd } from "./run-text.ts";
import { alignColumns, formatTime, safe } from "./text.ts";

export async function run(run: Run): Promise<number> {
  const limit = parseCount(run.call.text("limit"));
  const store = await run.open();
  const operations: Operation[] = [];
  const options = { limit, refs: run.call.args, ...run.context.flags, ...typeFlag(run) };
  for await (const operation of store.log(options)) operations.push(operation);
  const rows = operations.map(({ operation, at, by, changes }) => [
    `#${operation}`,
    formatTime(at, "second"),
    safe(by),
    changes
      .map((change) => describe(store, change))
      .filter((text) => text !== "")
      .join("; "),
  ]);
  run.output.result(operations, operations.map((each) => each.operation).join("\n"), alignColumns(rows));
  return 0;
}

/** How many versions are named, of many. */
const LABELS_MAX = 4;

function labels(store: Store, versions: readonly Digest[]): string {
  const more = versions.length - LABELS_MAX;
  const named = versions.slice(0, LABELS_MAX).map((version) => store.labelOf(version));
  return `${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** What was pushed or pulled of one artifact; nothing for what only remotes have use for. */
function describeStep(store: Store, { events }: ToldChange & { change: "step" }): string {
  const ids = events.flatMap(({ version }) => (version == null ? [] : [version]));
  const versions = [...new Set(ids)];
  return versions.length === 0 ? "" : `pushed or pulled ${labels(store, versions)}`;
}

/** A change in words. */
function describe(store: Store, change: ToldChange): string {
  switch (change.change) {
    case "artifact":
      return "";
    case "version":
      return `made ${store.labelOf(change.version)}`;
    case "tag":
      return change.version === null
        ? `took tag ${change.tag} from ${change.before === null ? "?" : store.labelOf(change.before)}`
        : `tagged ${store.labelOf(change.version)} ${change.tag}`;
    case "remove":
      return `removed ${store.labelOf(change.version)}`;
    case "restore":
      return `restored ${store.labelOf(change.version)}`;
    case "note":
      return `annotated ${store.labelOf(change.version)}`;
    case "remote":
      return change.url === null ? `forgot remote ${change.name}` : `named remote ${change.name}, ${safe(change.url)}`;
    case "step":
      return describeStep(store, change);
    case "whole":
      return `fetched ${labels(store, change.versions)}`;
    case "run":
      return `began run ${labelOfRun(store, change.run)}`;
    case "config":
      return `configured run ${labelOfRun(store, change.run)}`;
    case "used":
      return `run ${labelOfRun(store, change.run)} used ${store.labelOf(change.version)}`;
    case "made":
      return `run ${labelOfRun(store, change.run)} made ${store.labelOf(change.version)} too`;
    case "ended":
      return `run ${labelOfRun(store, change.run)} ${describeEnd(change)}`;
  }
}

function labelOfRun(store: Store, run: Digest): string {
  return store.nameOfRun(run) ?? run.slice(0, 12);
}
