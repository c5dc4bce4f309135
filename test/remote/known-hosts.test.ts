import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { hostName, judgeHost, keyTypeOf, knownKeyTypes, parseKnownHosts } from "../../src/remote/sftp/known-hosts.ts";
import { sshSettings } from "../../src/remote/sftp/ssh-config.ts";
import { isInstalled, needs } from "../support/servers.ts";
import { temporaryFolder } from "../support/temporary.ts";

const blob = (type: string, text: string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type + text)]);
};
const key = blob("ssh-ed25519", "first");
const other = blob("ssh-ed25519", "other");
const rsa = blob("ssh-rsa", "first");
const line = (names: string, ours: Buffer): string =>
  `${names} ${keyTypeOf(ours)} ${ours.toString("base64")} a comment`;

describe("known hosts", () => {
  test.each([
    ["a name", "example.org", "known"],
    ["another name", "example.com", "unknown"],
    ["a pattern", "a.example.net", "known"],
    ["a name that a pattern leaves out", "secret.example.net", "unknown"],
    ["one of several", "10.0.0.7", "known"],
    ["a name with a port", "[example.org]:2222", "known"],
    ["the same with another port", "[example.org]:2223", "unknown"],
    ["a pattern of one character", "host7.lan", "known"],
    ["dots are dots", "hostx7xlan", "unknown"],
  ])("%s", (_, name, verdict) => {
    const hosts = parseKnownHosts(
      [
        "# a comment",
        "",
        line("example.org,10.0.0.7", key),
        line("*.example.net,!secret.example.net", key),
        line("[example.org]:2222", key),
        line("host?.lan", key),
        "broken line",
      ].join("\n"),
    );
    expect(judgeHost(hosts, name, key)).toBe(verdict);
  });

  test("a host that shows another key, or one of another type, has changed", () => {
    const hosts = parseKnownHosts(line("example.org", key));
    expect(judgeHost(hosts, "example.org", other)).toBe("changed");
    expect(judgeHost(hosts, "example.org", rsa)).toBe("changed");
    expect(knownKeyTypes(hosts, "example.org")).toEqual(["ssh-ed25519"]);
  });

  test("a revoked key is refused, whoever else names it; an authority makes no key known", () => {
    const hosts = parseKnownHosts(
      [`@revoked ${line("*", other)}`, line("example.org", other), `@cert-authority ${line("*", key)}`].join("\n"),
    );
    expect(judgeHost(hosts, "example.org", other)).toBe("revoked");
    expect(judgeHost(hosts, "example.com", key)).toBe("unknown");
  });

  test("names have their port where it is not 22, and no capitals", () => {
    expect(hostName("Example.org", 22)).toBe("example.org");
    expect(hostName("Example.org", 2222)).toBe("[example.org]:2222");
  });

  test.skipIf(!isInstalled("sshd"))(`names that ssh-keygen hashed (${needs("sshd")})`, () => {
    const folder = temporaryFolder();
    const file = path.join(mkdtempSync(path.join(folder, "hosts-")), "known_hosts");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path.join(folder, "key")]);
    const [, base64 = ""] = readFileSync(path.join(folder, "key.pub"), "utf8").split(" ");
    writeFileSync(file, `example.org,[example.org]:2222 ssh-ed25519 ${base64}\n`);
    execFileSync("ssh-keygen", ["-q", "-H", "-f", file], { stdio: "ignore" });
    const text = readFileSync(file, "utf8");
    expect(text).toMatch(/^\|1\|/);
    const hosts = parseKnownHosts(text);
    const shown = Buffer.from(base64, "base64");
    expect(judgeHost(hosts, "example.org", shown)).toBe("known");
    expect(judgeHost(hosts, "[example.org]:2222", shown)).toBe("known");
    expect(judgeHost(hosts, "example.com", shown)).toBe("unknown");
    expect(judgeHost(hosts, "example.org", key)).toBe("changed");
  });

  test("hostile patterns end soon", () => {
    const hosts = parseKnownHosts(line(`${"*".repeat(10_000)}x`, key));
    expect(judgeHost(hosts, "a".repeat(250), key)).toBe("unknown");
  });
});

test("the configuration of ssh: the first value counts, of what means the host", () => {
  const text = `
    Host box other
      HostName box.example.org
      Port 2222
      IdentityFile ~/.ssh/box
    Host !box *
      User nobody
    Match exec "true"
      User matched
    Host *
      Port 22
      User=everybody
      IdentityFile "/keys/with space"
      UserKnownHostsFile /known/one /known/two
    Host jumping
      ProxyJump gate
  `;
  expect(sshSettings(text, "box")).toEqual({
    hostName: "box.example.org",
    port: 2222,
    user: "everybody",
    identityFiles: ["~/.ssh/box", "/keys/with space"],
    identitiesOnly: false,
    knownHostsFiles: ["/known/one", "/known/two"],
    unsupported: undefined,
  });
  expect(sshSettings(text, "else").user).toBe("nobody");
  expect(sshSettings(text, "jumping").unsupported).toBe("ProxyJump");
  expect(sshSettings("", "box")).toMatchObject({ hostName: undefined, port: undefined, identityFiles: [] });
});
