/** Places whose disk is really full: each kind says so, nothing is left half, and with room it goes on. */
import { mkdirSync, readdirSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openFolderRemote } from "../../src/remote/folder.ts";
import type { Remote } from "../../src/remote/index.ts";
import { randomBytesOf } from "../support/random.ts";
import { openServed, served } from "../support/served.ts";
import { isInstalled, needs, startSshd } from "../support/servers.ts";
import { canMount, SmallDisk } from "../support/small-disk.ts";
import { openOverSsh } from "../support/ssh.ts";

describe.skipIf(!canMount())("a full disk (needs the right to mount one)", () => {
  let disk: SmallDisk;
  beforeEach(() => {
    disk = new SmallDisk(4 * 1024 * 1024);
  });
  afterEach(() => disk.unmount());

  const body = randomBytesOf(1, 1024 * 1024);

  async function fills(open: (folder: string) => Promise<Remote>): Promise<void> {
    const folder = path.join(disk.folder, "place");
    mkdirSync(folder);
    const remote = await open(folder);
    try {
      expect(await remote.create("a/0", body)).toBe("created");
      disk.fill(256 * 1024);
      const error = await remote.create("a/1", body).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: "NO_SPACE", happened: "no", info: { transient: false } });
      expect(readdirSync(path.join(folder, "a"))).toEqual(["0"]);
      expect(await remote.read("a/1")).toBeUndefined();
      expect(Buffer.compare((await remote.read("a/0")) as Uint8Array, body)).toBe(0);
      disk.makeRoom();
      expect(await remote.create("a/1", body)).toBe("created");
    } finally {
      await remote.close();
    }
  }

  test("of a folder", () => fills((folder) => openFolderRemote(folder)));

  test("behind a server of ours", () =>
    fills(async (folder) => openServed(await served(await openFolderRemote(folder)))));

  test.skipIf(!isInstalled("sshd"))(`over SFTP (${needs("sshd")})`, async () => {
    const server = await startSshd();
    await fills(async (folder) => openOverSsh(server, folder));
  });
});
