/** Routes of what happened, and what happens. */
import { type Store, tellOperation } from "../../store/index.ts";
import { apiHeaders, failed } from "../api-answers.ts";
import { type RouteCode, type RouteCodes, route } from "../call.ts";
import { EventStream } from "../event-stream.ts";
import { count, optionalText } from "../queries.ts";
import { viewOperation } from "../views.ts";

const log: RouteCode<"log"> = route(
  { after: optionalText, limit: count(1, 1000, 100) },
  async ({ query, catalog, login }) => {
    const before =
      query.after === undefined ? Number.POSITIVE_INFINITY : count(0, Number.MAX_SAFE_INTEGER, 0)(query.after, "after");
    const rows = catalog.operations({ limit: query.limit, before });
    const items = rows.flatMap((row) => viewOperation(catalog, login, tellOperation(row)) ?? []);
    const last = rows.length === query.limit ? rows.at(-1) : undefined;
    return { items, next: last === undefined ? null : String(last.sequence) };
  },
);

/** Streams at once. */
const STREAMS_MAX = 256;

const open = new WeakMap<Store, number>();

const events: RouteCode<"events"> = route({}, async (call) => {
  const { store } = call.services;
  const streams = open.get(store) ?? 0;
  if (streams >= STREAMS_MAX) return failed(429, "BUSY", "too many listen at once");
  const since = call.request.headers.get("last-event-id");
  const after = since !== null && /^\d{1,15}$/.test(since) ? Number(since) : undefined;
  open.set(store, streams + 1);
  const stream = new EventStream(call, after, () => open.set(store, (open.get(store) ?? 1) - 1));
  return new Response(stream.open() as ConstructorParameters<typeof Response>[0], {
    headers: { ...apiHeaders, "content-type": "text/event-stream" },
  });
});

/** Routes of what happened, and what happens. */
export const logRoutes: RouteCodes<"log" | "events"> = {
  log,
  events,
};
