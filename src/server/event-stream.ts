/** Operations of a store as a stream of events, for one listener. */
import { type Operation, tellOperation } from "../store/index.ts";
import type { Call } from "./call.ts";
import { viewOperation } from "./views.ts";

/** Events that wait for a slow reader, or are sent of the past; beyond that it is told to ask for all anew. */
const EVENTS_MAX = 500;
const ALIVE_MS = 15_000;

/** What is heard of until the listener goes away, may no longer hear it, or the server ends. */
export class EventStream {
  readonly #call: Pick<Call, "request" | "services" | "catalog" | "login">;
  readonly #ended: AbortSignal;
  readonly #onEnd: () => void;
  readonly #encoder = new TextEncoder();
  readonly #onAbort = (): void => this.#end();
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  #stop = (): void => {};
  #alive: ReturnType<typeof setInterval> | undefined;
  readonly #isBehind: boolean;
  /** The operation that was told last. */
  #last: number;
  #isReset = false;

  /** @param after tells first what came after this operation */
  constructor(call: Call, after: number | undefined, onEnd: () => void) {
    this.#call = call;
    this.#isBehind = after !== undefined;
    this.#last = after ?? 0;
    this.#onEnd = onEnd;
    this.#ended = AbortSignal.any([call.signal, call.services.ending]);
  }

  /** The stream, which may be asked for once. */
  open(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (stream) => this.#begin(stream),
        cancel: () => {
          this.#stream = undefined;
          this.#end();
        },
      },
      { highWaterMark: EVENTS_MAX + 2 },
    );
  }

  #begin(stream: ReadableStreamDefaultController<Uint8Array>): void {
    this.#stream = stream;
    // So that headers go out, and whoever listens knows that it does.
    this.#send(": artifold\n\n");
    this.#stop = this.#call.services.store.on("operation", (operation) => this.#tell(operation));
    this.#alive = setInterval(() => this.#tellAlive(), ALIVE_MS);
    this.#alive.unref();
    this.#ended.addEventListener("abort", this.#onAbort);
    if (this.#ended.aborted) this.#end();
    else if (this.#isBehind) this.#tellPast();
  }

  #tellPast(): void {
    const missed = this.#call.catalog.operations({ after: this.#last, limit: EVENTS_MAX });
    if (missed.length === EVENTS_MAX) {
      this.#send("event: reset\ndata: \n\n");
      return;
    }
    for (const row of missed.reverse()) this.#tell(tellOperation(row));
  }

  #tell(operation: Operation): void {
    if (operation.operation <= this.#last) return;
    this.#last = operation.operation;
    if (!this.#mayHear()) {
      this.#end();
      return;
    }
    const { services, login } = this.#call;
    const view = viewOperation(services.store.engine.catalog, login, operation);
    if (view === undefined) return;
    if ((this.#stream?.desiredSize ?? 0) > 0) {
      this.#isReset = false;
      this.#send(`event: operation\nid: ${view.operation}\ndata: ${JSON.stringify(view)}\n\n`);
    } else if (!this.#isReset) {
      this.#isReset = true;
      this.#send("event: reset\ndata: \n\n");
    }
  }

  #tellAlive(): void {
    if (this.#mayHear()) this.#send(":\n\n");
    else this.#end();
  }

  /** A token that was revoked meanwhile, or has ended, is none. */
  #mayHear(): boolean {
    const { access } = this.#call.services;
    return access.permits(access.callerOf(this.#call.request), "read") === "yes";
  }

  #send(text: string): void {
    this.#stream?.enqueue(this.#encoder.encode(text));
  }

  #end(): void {
    if (this.#alive === undefined) return;
    clearInterval(this.#alive);
    this.#alive = undefined;
    this.#stop();
    this.#ended.removeEventListener("abort", this.#onAbort);
    this.#stream?.close();
    this.#stream = undefined;
    this.#onEnd();
  }
}
