import { beforeAll, describe, test } from "vitest";
import { remoteChecks } from "../../src/testing/index.ts";
import { wrappedPlace } from "../support/remotes.ts";
import { isInstalled, needs, type SshServer, startSshd } from "../support/servers.ts";
import { freshFolder, openOverSsh } from "../support/ssh.ts";

describe.skipIf(!isInstalled("sshd"))(`a folder of a real SSH server (${needs("sshd")})`, () => {
  let server: SshServer;
  beforeAll(async () => {
    server = await startSshd();
  });

  describe("is a remote", () => {
    test.each(remoteChecks)("$name", async ({ check }) => {
      const folder = freshFolder(server);
      await check({ open: () => openOverSsh(server, folder) });
    });
  });

  describe("is a remote behind every wrapper", () => {
    test.each(remoteChecks)("$name", async ({ check }) => {
      const folder = freshFolder(server);
      await check(wrappedPlace({ open: () => openOverSsh(server, folder) }));
    });
  });
});
