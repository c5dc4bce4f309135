/** Routes of what happened, and what happens. */
import type { Operation, Store } from "../../store/index.ts";
import { apiHeaders, failed } from "../api-answers.ts";
import type { Call } from "../call.ts";
import { type RouteCode, type RouteCodes, route } from "../call.ts";
import { count, optionalText } from "../queries.ts";
import { viewOperation } from "../views.ts";

const log: RouteCode<"log"> = route(
  { after: optionalText, limit: count(1, 1000, 100) },
  async ({ query, catalog, login }) => {
    const before =
      query.after === undefined ? Number.POSITIVE_INFINITY : count(0, Number.MAX_SAFE_INTEGER, 0)(query.after, "after");
    const rows = catalog.operations({ limit: query.limit, before });
    const items = rows.flatMap(({ sequence, at, by, changes }) => {
      const operation = { operation: sequence, at: new Date(at).toISOString(), by, changes };
      return viewOperation(catalog, login, operation) ?? [];
    });
    const last = rows.length === query.limit ? rows.at(-1) : undefined;
    return { items, next: last === undefined ? null : String(last.sequence) };
  },
);

/** Streams at once. */
const STREAMS_MAX = 256;
/** Events that wait for a slow reader, or are sent of the past; beyond that it is told to ask for all anew. */
const EVENTS_MAX = 500;
const ALIVE_MS = 15_000;

const open = new WeakMap<Store, number>();

const events: RouteCode<"events"> = route({}, async (call) => {
  const { store } = call.services;
  const streams = open.get(store) ?? 0;
  if (streams >= STREAMS_MAX) return failed(429, "BUSY", "too many listen at once");
  const since = call.request.headers.get("last-event-id");
  const after = since !== null && /^\d{1,15}$/.test(since) ? Number(since) : undefined;
  open.set(store, streams + 1);
  const body = listen(call, after, () => open.set(store, (open.get(store) ?? 1) - 1));
  return new Response(body as ConstructorParameters<typeof Response>[0], {
    headers: { ...apiHeaders, "content-type": "text/event-stream" },
  });
});

/** The stream of one listener, until it goes away or the server ends. */
function listen(call: Call, after: number | undefined, onEnd: () => void): ReadableStream<Uint8Array> {
  const { services, catalog, login, signal } = call;
  const encoder = new TextEncoder();
  const ended = AbortSignal.any([signal, services.ending]);
  let end = (): void => {};
  return new ReadableStream<Uint8Array>(
    {
      start(stream) {
        let isReset = false;
        const send = (text: string): void => stream.enqueue(encoder.encode(text));
        const tell = (operation: Operation): void => {
          const view = viewOperation(services.store.engine.catalog, login, operation);
          if (view === undefined) return;
          if ((stream.desiredSize ?? 0) > 0) {
            isReset = false;
            send(`event: operation\nid: ${view.operation}\ndata: ${JSON.stringify(view)}\n\n`);
          } else if (!isReset) {
            isReset = true;
            send("event: reset\ndata: \n\n");
          }
        };
        // So that headers go out, and whoever listens knows that it does.
        send(": artifold\n\n");
        const stop = services.store.on("operation", tell);
        const alive = setInterval(() => send(":\n\n"), ALIVE_MS);
        alive.unref();
        end = (): void => {
          stop();
          clearInterval(alive);
          ended.removeEventListener("abort", onAbort);
          end = () => {};
          onEnd();
        };
        const onAbort = (): void => {
          end();
          stream.close();
        };
        ended.addEventListener("abort", onAbort);
        if (ended.aborted) onAbort();
        else if (after !== undefined) {
          const missed = catalog.operations({ after, limit: EVENTS_MAX });
          if (missed.length === EVENTS_MAX) send("event: reset\ndata: \n\n");
          else {
            for (const { sequence, at, by, changes } of missed.reverse()) {
              tell({ operation: sequence, at: new Date(at).toISOString(), by, changes });
            }
          }
        }
      },
      cancel() {
        end();
      },
    },
    { highWaterMark: EVENTS_MAX + 2 },
  );
}

/** Routes of what happened, and what happens. */
export const logRoutes: RouteCodes<"log" | "events"> = {
  log,
  events,
};
