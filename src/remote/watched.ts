import type { ListedKey, OnTraffic, Remote, RemoteCallOptions } from "./remote.ts";

/** Turns the options of a call into those that the remote below gets. */
export type ChangeOptions = (options: RemoteCallOptions) => RemoteCallOptions;

/** A remote whose calls get other options than their caller gave: what meters and limits are made of. */
export function withOptions(remote: Remote, change: ChangeOptions): Remote {
  return {
    url: remote.url,
    get traits() {
      return remote.traits;
    },
    read: (key, range, options = {}) => remote.read(key, range, change(options)),
    create: (key, bytes, options = {}) => remote.create(key, bytes, change(options)),
    list: (prefix, after, options = {}): AsyncIterable<ListedKey> => remote.list(prefix, after, change(options)),
    delete: (key, options = {}) => remote.delete(key, change(options)),
    close: () => remote.close(),
  };
}

/** Options whose traffic is heard by one more, who is asked first. */
export function alsoHeardBy(hear: OnTraffic, options: RemoteCallOptions): RemoteCallOptions {
  const { onTraffic } = options;
  return {
    ...options,
    onTraffic: async (what, count) => {
      await hear(what, count);
      await onTraffic?.(what, count);
    },
  };
}
