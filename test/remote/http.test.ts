import { describe, test } from "vitest";
import { memoryRemote, remoteChecks } from "../../src/testing/index.ts";
import { wrappedPlace } from "../support/remotes.ts";
import { openServed, served } from "../support/served.ts";

describe("a server of ours is a remote", () => {
  test.each(remoteChecks)("$name", async ({ check }) => {
    const server = await served(memoryRemote());
    await check({ open: () => openServed(server) });
  });
});

describe("a server of ours behind every wrapper is a remote", () => {
  test.each(remoteChecks)("$name", async ({ check }) => {
    const server = await served(memoryRemote());
    await check(wrappedPlace({ open: () => openServed(server) }));
  });
});
