/** What every remote must do, as checks that any test runner can call. */
import type { Remote } from "../remote/index.ts";
import { abortChecks } from "./remote-checks-abort.ts";
import { createChecks } from "./remote-checks-create.ts";
import { listChecks } from "./remote-checks-list.ts";
import { readChecks } from "./remote-checks-read.ts";
import type { PairCheck } from "./remote-checks-support.ts";

/** A place for one check. It is empty before. */
export interface RemotePlace {
  /** Opens it: each call gives a connection of its own to the same place. What was opened, the check closes. */
  open(): Remote | Promise<Remote>;
}

/** One thing that every remote must do. `check` rejects, and says what it saw, when the remote does not. */
export interface RemoteCheck {
  readonly name: string;
  check(place: RemotePlace): Promise<void>;
}

const pairChecks: readonly PairCheck[] = [...readChecks, ...createChecks, ...listChecks, ...abortChecks];

/**
 * What every remote must do, each check with a place that is empty. They need no test runner and leave their keys behind.
 *
 * @example for (const { name, check } of remoteChecks) test(name, () => check(makeEmptyPlace()));
 */
export const remoteChecks: readonly RemoteCheck[] = pairChecks.map(({ name, check }) => ({
  name,
  async check(place) {
    const remote = await place.open();
    try {
      const other = await place.open();
      try {
        await check(remote, other);
      } finally {
        await other.close();
      }
    } finally {
      await remote.close();
    }
  },
}));
