/** What tests of remotes share: every wrapper, and remotes that fail as they are told. */
import {
  impatientRemote,
  limitedRemote,
  Meter,
  type Remote,
  retryingRemote,
  slowedRemote,
} from "../../src/remote/index.ts";
import type { RemotePlace } from "../../src/testing/index.ts";

/** Every wrapper that must not be noticed. */
export const wrappers: readonly (readonly [name: string, wrap: (remote: Remote) => Remote])[] = [
  ["retry", (remote) => retryingRemote(remote)],
  ["limit", (remote) => limitedRemote(remote, 3)],
  ["bandwidth", (remote) => slowedRemote(remote, { sent: 2 ** 40, received: 2 ** 40 })],
  ["stall", (remote) => impatientRemote(remote, 60_000)],
  ["meter", (remote) => new Meter().measure(remote)],
];

/** All wrappers, one around the other. */
export function wrapped(remote: Remote): Remote {
  return wrappers.reduce((inner, [, wrap]) => wrap(inner), remote);
}

/** A place whose connections are wrapped. */
export function wrappedPlace(place: RemotePlace, wrap: (remote: Remote) => Remote = wrapped): RemotePlace {
  return { open: async () => wrap(await place.open()) };
}

/** A remote some of whose calls are others. */
export function withCalls(remote: Remote, calls: Partial<Remote>): Remote {
  return {
    url: remote.url,
    traits: remote.traits,
    read: (key, range, options) => remote.read(key, range, options),
    create: (key, bytes, options) => remote.create(key, bytes, options),
    list: (prefix, after, options) => remote.list(prefix, after, options),
    delete: (key, options) => remote.delete(key, options),
    close: () => remote.close(),
    ...calls,
  };
}

/** A remote with something before each read. */
export function beforeRead(remote: Remote, before: (key: string) => Promise<void>): Remote {
  return withCalls(remote, {
    async read(key, range, options) {
      await before(key);
      return remote.read(key, range, options);
    },
  });
}

/** A remote with something before each create and delete. */
export function beforeChange(remote: Remote, before: (key: string) => Promise<void>): Remote {
  return withCalls(remote, {
    async create(key, bytes, options) {
      await before(key);
      return remote.create(key, bytes, options);
    },
    async delete(key, options) {
      await before(key);
      await remote.delete(key, options);
    },
  });
}
