/** Steps of remotes' logs as the log shows them. */
import type { Change } from "../journal/index.ts";
import { decodeStep, type LogEvent } from "../logs/index.ts";
import { versionId } from "../manifest/index.ts";
import type { LoggedChange, LoggedEvent } from "./catalog.ts";

/** A change without the bytes that nobody reads. */
export function loggedChange(change: Change): LoggedChange {
  if (change.change !== "step") return change;
  const { core, ...step } = change;
  return { ...step, events: decodeStep(core).events.map(loggedEvent) };
}

function loggedEvent(event: LogEvent): LoggedEvent {
  switch (event.event) {
    case "version":
      return { event: event.event, version: versionId(event.record), number: event.number };
    case "also":
      return { event: event.event, version: versionId(event.record) };
    case "tag":
      return { event: event.event, version: event.version, tag: event.tag };
    case "remove":
    case "restore":
    case "note":
      return { event: event.event, version: event.version };
    default:
      return { event: event.event };
  }
}
