import { spawn } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { openFolderRemote } from "../../src/remote/folder.ts";
import { checkRemote, type Remote } from "../../src/remote/index.ts";
import { SftpFiles } from "../../src/remote/sftp/files.ts";
import type { SftpLogin, SftpRemoteOptions } from "../../src/remote/sftp/open.ts";
import { remoteChecks } from "../../src/testing/index.ts";
import { proxy } from "../support/proxy.ts";
import { allOf } from "../support/raw-server.ts";
import { wrappedPlace } from "../support/remotes.ts";
import { isInstalled, needs, type SshServer, startSshd } from "../support/servers.ts";
import { freshFolder, loginOf, openOverSsh } from "../support/ssh.ts";

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

  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const keysOf = async (remote: Remote): Promise<string[]> => {
    const keys: string[] = [];
    for await (const { key } of remote.list("")) keys.push(key);
    return keys;
  };
  /** Opens, asks for a key that is not there, and closes. */
  const tryOut = async (options: SftpRemoteOptions, folder = freshFolder(server)): Promise<unknown> => {
    const remote = openOverSsh(server, folder, options);
    try {
      return await remote.read("a/0");
    } finally {
      await remote.close();
    }
  };
  const failureOf = async (call: Promise<unknown>): Promise<Error & { hint?: string }> => {
    const error = await call.then(
      (value) => ({ gave: value }),
      (reason: unknown) => reason,
    );
    expect(allOf(error)).not.toContain(server.passphrase);
    expect(allOf(error)).not.toContain("PRIVATE KEY");
    return error as never;
  };
  const login = (changes: Partial<SftpLogin>): SftpRemoteOptions => ({ sftp: { ...loginOf(server), ...changes } });

  test("its traits say what the server can", async () => {
    const remote = openOverSsh(server, freshFolder(server));
    expect(remote.traits).toMatchObject({ creates: "unknown", durable: "unknown" });
    await remote.read("a/0");
    expect(remote.traits).toMatchObject({ creates: "always", durable: "body flushed" });
    await remote.close();
  });

  test("it is laid out as a folder remote is, with the rights of the whole", async () => {
    const folder = freshFolder(server);
    const remote = openOverSsh(server, folder);
    const local = await openFolderRemote(folder);
    expect(await remote.create("a/b/0", bytes("over ssh"))).toBe("created");
    expect(await local.create("a/b/1", bytes("here"))).toBe("created");
    expect(await local.read("a/b/0")).toEqual(bytes("over ssh"));
    expect(await remote.read("a/b/1")).toEqual(bytes("here"));
    expect(await keysOf(remote)).toEqual(await keysOf(local));
    expect(statSync(path.join(folder, "a", "b", "0")).mode & 0o777).toBe(statSync(folder).mode & 0o444);
    await remote.close();
  });

  test("a folder that is not there is not found, and made if it is to be", async () => {
    const missing = path.join(server.folder, "not", "there");
    expect(await failureOf(tryOut({}, missing))).toMatchObject({ code: "NOT_FOUND", happened: "no" });
    expect(await tryOut({ makeFolder: true }, missing)).toBeUndefined();
    writeFileSync(path.join(server.folder, "file"), "");
    expect(await failureOf(tryOut({}, path.join(server.folder, "file")))).toMatchObject({ code: "NOT_FOUND" });
  });

  describe("who logs in", () => {
    test("has a key file that ssh's configuration names", async () => {
      const config = path.join(server.folder, "config");
      writeFileSync(
        config,
        `Host 127.0.0.1\n  IdentityFile ${server.keyFile}\n  UserKnownHostsFile ${server.knownHosts}\n`,
      );
      expect(await tryOut({ sftp: { configFile: config } })).toBeUndefined();
    });

    test("has an encrypted key file, whose passphrase is asked for", async () => {
      const asked: string[] = [];
      const askPassphrase = async (file: string): Promise<string> => {
        asked.push(file);
        return server.passphrase;
      };
      expect(await tryOut(login({ identityFiles: [server.encryptedKeyFile], askPassphrase }))).toBeUndefined();
      expect(asked).toEqual([server.encryptedKeyFile]);
    });

    test("has an agent", async () => {
      const socket = path.join(server.folder, "agent");
      const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
      try {
        for (;;) {
          const added = spawn("ssh-add", ["-q", server.keyFile], {
            env: { ...process.env, SSH_AUTH_SOCK: socket },
            stdio: "ignore",
          });
          if ((await new Promise((resolve) => added.once("exit", resolve))) === 0) break;
        }
        const environment = { HOME: server.folder, SSH_AUTH_SOCK: socket };
        expect(await tryOut({ ...login({ identityFiles: [] }), environment })).toBeUndefined();
      } finally {
        agent.kill();
      }
    });

    test.each<[string, Partial<SftpLogin>]>([
      ["no key", { identityFiles: [] }],
      ["a key that is not there", { identityFiles: ["/no/such/key"] }],
      ["an encrypted key and no passphrase", { identityFiles: ["ENCRYPTED"] }],
      ["an encrypted key and a wrong passphrase", { identityFiles: ["ENCRYPTED"], askPassphrase: async () => "wrong" }],
      ["a passphrase that is not given", { identityFiles: ["ENCRYPTED"], askPassphrase: async () => undefined }],
    ])("with %s is not let in", async (_, changes) => {
      const identityFiles = changes.identityFiles?.map((file) =>
        file === "ENCRYPTED" ? server.encryptedKeyFile : file,
      );
      const error = await failureOf(tryOut(login({ ...changes, identityFiles })));
      expect(error).toMatchObject({ code: "DENIED", happened: "no", hint: expect.stringContaining("agent") });
    });
  });

  describe("the host", () => {
    test("that is not known is refused with its fingerprint, and nothing is sent", async () => {
      const error = await failureOf(tryOut(login({ knownHostsFiles: ["/no/such/file"] })));
      expect(error).toMatchObject({ code: "DENIED", hint: expect.stringContaining("connect once with ssh") });
      expect(error.message).toMatch(/is not known; it shows the key SHA256:[A-Za-z0-9+/]{43}$/);
    });

    test("that is new is taken and noted, if it is to be", async () => {
      const file = path.join(freshFolder(server), "ssh", "known_hosts");
      const warnings: string[] = [];
      const options = login({ knownHostsFiles: [file], acceptNewHosts: true });
      expect(await tryOut({ ...options, onWarning: (message) => warnings.push(message) })).toBeUndefined();
      expect(readFileSync(file, "utf8")).toBe(readFileSync(server.knownHosts, "utf8").trim().concat("\n"));
      expect(warnings).toHaveLength(1);
      expect(await tryOut(login({ knownHostsFiles: [file] }))).toBeUndefined();
    });

    test("whose key has changed is refused loudly, even if new ones are taken", async () => {
      const file = path.join(freshFolder(server), "known_hosts");
      const known = readFileSync(server.knownHosts, "utf8");
      const [name, type, key = ""] = known.trim().split(" ");
      const changed = Buffer.from(key, "base64");
      changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
      writeFileSync(file, `${name} ${type} ${changed.toString("base64")}\n`);
      const error = await failureOf(tryOut(login({ knownHostsFiles: [file], acceptNewHosts: true })));
      expect(error).toMatchObject({ code: "DENIED", message: expect.stringContaining("HAS CHANGED") });
      expect(error.hint).toContain(file);
      appendFileSync(file, `@revoked ${known}`);
      expect(await failureOf(tryOut(login({ knownHostsFiles: [file] })))).toMatchObject({
        message: expect.stringContaining("revoked"),
      });
    });

    test("behind another is not reached, and that is said", async () => {
      const config = path.join(server.folder, "jump-config");
      writeFileSync(config, "Host *\n  ProxyJump gate\n");
      const error = await failureOf(tryOut(login({ configFile: config })));
      expect(error).toMatchObject({ code: "DENIED", message: expect.stringContaining("ProxyJump") });
    });
  });

  test("a connection that was lost is made again by the next call", async () => {
    const folder = freshFolder(server);
    const hosts = path.join(server.folder, "proxied-hosts");
    const { port } = await proxy(server.port, (connection) => (connection === 0 ? { cutUpAt: 30_000 } : {}));
    const remote = openOverSsh(server, folder, login({ knownHostsFiles: [hosts], acceptNewHosts: true }), port);
    expect(await remote.create("a/0", bytes("first"))).toBe("created");
    const error = await failureOf(remote.create("a/1", new Uint8Array(100_000)));
    expect(error).toMatchObject({ code: "UNREACHABLE", happened: "no", info: { transient: true } });
    expect(await remote.create("a/1", bytes("second"))).toBe("created");
    expect(await keysOf(remote)).toEqual(["a/0", "a/1"]);
    await remote.close();
  });

  test("nobody listens", async () => {
    const remote = openOverSsh(server, freshFolder(server), {}, 1);
    const error = await failureOf(remote.create("a/0", bytes("x")));
    expect(error).toMatchObject({ code: "UNREACHABLE", happened: "no", info: { transient: true } });
  });

  test("strange things are not followed, and other files not seen", async () => {
    const folder = freshFolder(server);
    const remote = openOverSsh(server, folder);
    await remote.create("a/0", bytes("x"));
    for (const name of ["a/UPPER", ".hidden", "a/.tmp-0123456789abcdef"]) writeFileSync(path.join(folder, name), "x");
    expect(await keysOf(remote)).toEqual(["a/0"]);
    symlinkSync(server.folder, path.join(folder, "b"));
    await expect(keysOf(remote)).rejects.toMatchObject({ code: "DAMAGED" });
    await expect(remote.create("a/0/1", bytes("x"))).rejects.toThrow(TypeError);
    mkdirSync(path.join(folder, "c"));
    await expect(remote.create("c", bytes("x"))).rejects.toThrow(TypeError);
    expect(await remote.read("c")).toBeUndefined();
    await remote.close();
  });

  test("leftovers that a list met are swept when they are old", async () => {
    const folder = freshFolder(server);
    const remote = openOverSsh(server, folder);
    mkdirSync(path.join(folder, "a"));
    for (const name of [".tmp-old", ".tmp-new"]) writeFileSync(path.join(folder, "a", name), "x");
    const twoDaysAgo = new Date(Date.now() - 48 * 3600 * 1000);
    utimesSync(path.join(folder, "a", ".tmp-old"), twoDaysAgo, twoDaysAgo);
    await keysOf(remote);
    await remote.create("a/0", bytes("x"));
    expect(readdirSync(path.join(folder, "a")).sort()).toEqual([".tmp-new", "0"]);
    await remote.close();
  });

  test("a server without OpenSSH's extensions gives names by its plain rename, which is checked", async () => {
    const plain = await startSshd(["hardlink", "fsync", "posix-rename", "statvfs"]);
    for (const writers of ["many", "one"] as const) {
      const folder = freshFolder(plain);
      const report = await checkRemote(() => openOverSsh(plain, folder, { writers }));
      const bad = report.findings.filter(({ level }) => level === "bad").map(({ detail }) => detail);
      expect(bad).toEqual(writers === "one" ? ["it was opened for one writer"] : []);
      const remote = openOverSsh(plain, folder, { writers });
      await remote.read("a/0");
      const creates = writers === "one" ? "by one writer" : "unknown";
      expect(remote.traits).toMatchObject({ creates, durable: "unknown" });
      await remote.close();
    }
  });

  test("where there are no hard links below the server only the one writer may write", async () => {
    const folder = freshFolder(server);
    const linkless = (writers: "many" | "one"): Remote => openOverSsh(server, folder, { writers });
    const link = SftpFiles.prototype.addName;
    SftpFiles.prototype.addName = async () => {
      throw Object.assign(new Error("Failure"), { code: 4 });
    };
    try {
      const many = linkless("many");
      for (let tries = 0; tries < 2; tries++) {
        await expect(many.create("a/0", bytes("x"))).rejects.toMatchObject({ code: "DENIED", happened: "no" });
      }
      await many.close();
      const one = linkless("one");
      expect(await one.create("a/0", bytes("x"))).toBe("created");
      expect(await one.create("a/0", bytes("y"))).toBe("exists");
      expect(one.traits.creates).toBe("by one writer");
      expect(await one.read("a/0")).toEqual(bytes("x"));
      await one.close();
    } finally {
      SftpFiles.prototype.addName = link;
    }
  });
});
