/** A remote whose calls are noted: how many requests they made, how many of them one after another, and how much they moved. */

/**
 * The same remote, traced.
 *
 * @param pageKeys for a place that gives its lists at once: how many keys one request would bring elsewhere
 */
export function traced(remote, trace, pageKeys = Number.POSITIVE_INFINITY) {
  return {
    url: remote.url,
    get traits() {
      return remote.traits;
    },
    read: (key, range, options) => trace.call(`read ${key}`, options, (own) => remote.read(key, range, own)),
    create: (key, bytes, options) => trace.call(`create ${key}`, options, (own) => remote.create(key, bytes, own)),
    delete: (key, options) => trace.call(`delete ${key}`, options, (own) => remote.delete(key, own)),
    async *list(prefix, after, options) {
      const call = trace.begin(`list ${prefix}`);
      let keys = 0;
      try {
        for await (const listed of remote.list(prefix, after, call.heard(options))) {
          if (++keys % pageKeys === 0) await call.heard(options).onTraffic("requests", 1);
          yield listed;
        }
      } finally {
        call.end();
      }
    },
    close: () => remote.close(),
  };
}

/** What was asked of a remote. */
export class Trace {
  /** In the order in which they began: what for, when it began and ended in the order of all that happened, and what it took. */
  calls = [];
  #moment = 0;

  /** Forgets all calls. */
  reset() {
    this.calls = [];
  }

  begin(what) {
    const call = { what, from: this.#moment++, to: Number.POSITIVE_INFINITY, requests: 0, sent: 0, received: 0 };
    this.calls.push(call);
    return {
      heard: (options = {}) => ({
        ...options,
        onTraffic: async (kind, count) => {
          call[kind] += count;
          await options.onTraffic?.(kind, count);
        },
      }),
      end: () => {
        call.to = this.#moment++;
      },
    };
  }

  async call(what, options, action) {
    const { heard, end } = this.begin(what);
    try {
      return await action(heard(options));
    } finally {
      end();
    }
  }

  /** Requests, how many of them at most were made one after another, and bytes sent and received. */
  get sums() {
    const sum = (kind) => this.calls.reduce((total, call) => total + call[kind], 0);
    return { requests: sum("requests"), inSequence: this.#inSequence(), sent: sum("sent"), received: sum("received") };
  }

  /** The requests of the longest chain of calls of which each began when the one before had ended. */
  #inSequence() {
    const chains = [];
    for (const call of this.calls) {
      const before = chains.filter(({ to }) => to < call.from).reduce((most, { length }) => Math.max(most, length), 0);
      chains.push({ to: call.to, length: before + call.requests });
    }
    return chains.reduce((most, { length }) => Math.max(most, length), 0);
  }
}
