/** Real servers, each started once for a test file on a free port of the loopback, and ended behind it by its process id. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

const folder =
  process.env["ARTIFOLD_TEST_SERVERS"] ??
  fileURLToPath(new URL("../../node_modules/.cache/test-servers", import.meta.url));

/** Where scripts/test-servers.sh puts them. */
const programs = {
  versitygw: path.join(folder, "bin", "versitygw"),
  s3rver: path.join(folder, "s3rver", "node_modules", "s3rver", "bin", "s3rver.js"),
  sshd: "/usr/sbin/sshd",
};

/** Whether a server is installed; where it is not, its tests are skipped and say so. */
export function isInstalled(name: keyof typeof programs): boolean {
  return existsSync(programs[name]);
}

/** For the names of tests that need a server. */
export function needs(name: keyof typeof programs): string {
  const how = name === "sshd" ? "apt-get install openssh-server" : "scripts/test-servers.sh";
  return isInstalled(name) ? name : `${name} IS NOT INSTALLED, run ${how}`;
}

const running: { process: ChildProcess; folder: string }[] = [];
afterAll(async () => {
  for (const { process: child, folder: own } of running.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(own, { recursive: true, force: true });
  }
});

/** A fresh folder for a server, removed with it. */
export function serverFolder(): string {
  return mkdtempSync(path.join(tmpdir(), "artifold-server-"));
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a program and waits until it takes connections. */
export async function start(
  own: string,
  port: number,
  command: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<void> {
  const child = spawn(command, args, { env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "pipe"] });
  running.push({ process: child, folder: own });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
  for (let tries = 0; tries < 400; tries++) {
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}: ${output}`);
    if (await isListening(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`${command} does not listen on ${port}: ${output}`);
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", end(true));
    socket.once("error", end(false));
  });
}

/** An S3 server that is up. */
export interface S3Server {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** versitygw over a fresh folder: it keeps conditions. */
export async function startVersitygw(): Promise<S3Server> {
  const own = serverFolder();
  const [data, side] = ["data", "side"].map((name) => path.join(own, name)) as [string, string];
  for (const each of [data, side]) mkdirSync(each);
  const port = await freePort();
  const keys = { accessKeyId: "the-access-key", secretAccessKey: "a-secret-key-that-must-not-be-seen" };
  const args = ["-q", "--keep-alive", "--port", `127.0.0.1:${port}`, "posix", "--sidecar", side, data];
  await start(own, port, programs.versitygw, args, {
    ROOT_ACCESS_KEY: keys.accessKeyId,
    ROOT_SECRET_KEY: keys.secretAccessKey,
  });
  return { endpoint: `http://127.0.0.1:${port}`, ...keys };
}

/** s3rver over a fresh folder: it heeds no condition at all. */
export async function startS3rver(): Promise<S3Server> {
  const own = serverFolder();
  const port = await freePort();
  const args = [programs.s3rver, "-a", "127.0.0.1", "-p", `${port}`, "-d", own, "--configure-bucket", "bucket"];
  await start(own, port, process.execPath, args);
  return { endpoint: `http://127.0.0.1:${port}`, accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };
}

/** An SSH server that is up, and what a client needs to know of it. */
export interface SshServer {
  readonly port: number;
  readonly user: string;
  /** A folder of its own to serve from. */
  readonly folder: string;
  /** A key that lets in. */
  readonly keyFile: string;
  /** A file that knows the host. */
  readonly knownHosts: string;
  /** The same key, encrypted, and its passphrase. */
  readonly encryptedKeyFile: string;
  readonly passphrase: string;
}

/**
 * OpenSSH's sshd with keys and settings of its own.
 *
 * @param denied requests that it does not know, by their names in sftp-server(8)
 */
export async function startSshd(denied: readonly string[] = []): Promise<SshServer> {
  const own = serverFolder();
  const at = (name: string): string => path.join(own, name);
  const port = await freePort();
  const passphrase = "a-passphrase-that-must-not-be-seen";
  const keygen = (name: string, words: string): void =>
    void execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", words, "-f", at(name)]);
  keygen("host", "");
  keygen("user", "");
  copyFileSync(at("user"), at("encrypted"));
  chmodSync(at("encrypted"), 0o600);
  execFileSync("ssh-keygen", ["-q", "-p", "-P", "", "-N", passphrase, "-f", at("encrypted")]);
  copyFileSync(at("user.pub"), at("authorized"));
  const [type, key] = readFileSync(at("host.pub"), "utf8").split(" ");
  writeFileSync(at("known_hosts"), `[127.0.0.1]:${port} ${type} ${key}\n`);
  mkdirSync(at("files"));
  // Debian's sshd wants this one, and refuses to start without it.
  mkdirSync("/run/sshd", { recursive: true });
  const settings = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${at("host")}`,
    `AuthorizedKeysFile ${at("authorized")}`,
    `PidFile ${at("pid")}`,
    "UsePAM no",
    "StrictModes no",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitRootLogin yes",
    "MaxStartups 100:30:200",
    `Subsystem sftp internal-sftp${denied.length > 0 ? ` -P ${denied.join(",")}` : ""}`,
  ];
  writeFileSync(at("config"), `${settings.join("\n")}\n`);
  await start(own, port, programs.sshd, ["-D", "-e", "-f", at("config")]);
  return {
    port,
    user: userInfo().username,
    folder: at("files"),
    keyFile: at("user"),
    knownHosts: at("known_hosts"),
    encryptedKeyFile: at("encrypted"),
    passphrase,
  };
}
