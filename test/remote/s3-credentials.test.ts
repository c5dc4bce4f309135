import { mkdirSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseRemoteUrl, type RemoteAddress } from "../../src/remote/index.ts";
import type { CredentialContext } from "../../src/remote/s3/credential-context.ts";
import { CredentialSource } from "../../src/remote/s3/credentials.ts";
import { openS3Remote } from "../../src/remote/s3/open.ts";
import { parseProfiles } from "../../src/remote/s3/profiles.ts";
import { settableClock } from "../../src/testing/index.ts";
import { temporaryFolder } from "../support/temporary.ts";

const SECRET = "a-secret-that-must-not-be-seen";
let folder: string;
let close = (): void => undefined;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => close());

/** A server that answers as it is told, and what it was asked. */
async function answering(answer: (request: http.IncomingMessage, body: string) => [number, string]): Promise<{
  url: string;
  asked: string[];
}> {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => (body += piece));
    request.on("end", () => {
      asked.push(`${request.method} ${request.url}`);
      const [status, text] = answer(request, body);
      response.writeHead(status).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  close = () => void server.close();
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function source(
  context: Partial<CredentialContext>,
  given?: ConstructorParameters<typeof CredentialSource>[1],
): CredentialSource {
  return new CredentialSource(
    {
      url: "s3://bucket",
      environment: { AWS_EC2_METADATA_DISABLED: "true" },
      profile: undefined,
      profileName: undefined,
      region: "eu-central-1",
      clock: settableClock(),
      readFile: (file) => (file === "token" ? "web-identity-token\n" : undefined),
      ...context,
    },
    given,
  );
}

const json = (more: object = {}): string =>
  JSON.stringify({ Version: 1, AccessKeyId: "key", SecretAccessKey: SECRET, ...more });

describe("profiles", () => {
  test("are read from both kinds of file", () => {
    const profiles = parseProfiles(
      [
        "# a comment",
        "[default]",
        "region = eu-central-1",
        "aws_access_key_id=default-key # behind a blank",
        "s3 =",
        "  max_concurrent_requests = 20",
        '[profile "with space"]',
        "Region = us-west-2",
        "[profile other]",
        "credential_process = /bin/echo a=b;c",
        "[sso-session mine]",
        "sso_region = nowhere",
        "[plain]",
        "no value",
        "__proto__ = x",
      ].join("\r\n"),
    );
    expect([...profiles.keys()]).toEqual(["default", "with space", "other", "plain"]);
    expect(profiles.get("default")).toEqual({ region: "eu-central-1", aws_access_key_id: "default-key", s3: "" });
    expect(profiles.get("with space")).toEqual({ region: "us-west-2" });
    expect(profiles.get("other")).toEqual({ credential_process: "/bin/echo a=b;c" });
    expect(Object.keys(profiles.get("plain") as object)).toEqual(["__proto__"]);
  });
});

describe("credentials", () => {
  test("that are given are used, and nothing else asked", async () => {
    const given = { accessKeyId: "given", secretAccessKey: SECRET };
    expect(await source({ environment: { AWS_ACCESS_KEY_ID: "x", AWS_SECRET_ACCESS_KEY: "y" } }, given).get()).toBe(
      given,
    );
  });

  test("come from the environment before the profile, and from the profile before the rest", async () => {
    const environment = { AWS_ACCESS_KEY_ID: "env", AWS_SECRET_ACCESS_KEY: SECRET, AWS_SESSION_TOKEN: "session" };
    const profile = { aws_access_key_id: "profile", aws_secret_access_key: SECRET };
    expect(await source({ environment, profile }).get()).toMatchObject({ accessKeyId: "env", sessionToken: "session" });
    expect(await source({ profile }).get()).toMatchObject({ accessKeyId: "profile" });
  });

  test("come from a process, and are asked for again before they expire", async () => {
    const clock = settableClock(Date.UTC(2020, 0, 1));
    const file = path.join(folder, "count");
    const command = `echo x >> ${file}; echo '${json({ SessionToken: "session", Expiration: "2020-01-01T01:00:00Z" })}'`;
    const credentials = source({ profile: { credential_process: command }, clock });
    expect(await credentials.get()).toMatchObject({ accessKeyId: "key", sessionToken: "session" });
    await Promise.all([credentials.get(), credentials.get()]);
    const { readFileSync } = await import("node:fs");
    expect(readFileSync(file, "utf8")).toBe("x\n");
    clock.advance(56 * 60_000);
    await Promise.all([credentials.get(), credentials.get()]);
    expect(readFileSync(file, "utf8")).toBe("x\nx\n");
  });

  test("that cannot be renewed serve until they expire", async () => {
    const clock = settableClock(Date.UTC(2020, 0, 1));
    const file = path.join(folder, "made");
    const command = `test ! -e ${file} && touch ${file} && echo '${json({ Expiration: "2020-01-01T01:00:00Z" })}'`;
    const credentials = source({ profile: { credential_process: command }, clock });
    await credentials.get();
    clock.advance(58 * 60_000);
    expect(await credentials.get()).toMatchObject({ accessKeyId: "key" });
    clock.advance(3 * 60_000);
    await expect(credentials.get()).rejects.toMatchObject({ code: "DENIED" });
  });

  test.each([
    ["a process that fails", { credential_process: `echo ${SECRET}; exit 3` }],
    ["a process that prints no credentials", { credential_process: `echo '{"SecretAccessKey":"${SECRET}"}'` }],
    ["a role of another profile", { role_arn: "arn:x", source_profile: "other", aws_secret_access_key: SECRET }],
    ["single sign-on", { sso_start_url: "https://x", aws_secret_access_key: SECRET }],
  ])("%s is refused, without its secrets", async (_, profile) => {
    const error = await source({ profile })
      .get()
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "DENIED", happened: "no" });
    expect(JSON.stringify(error) + String(error) + String((error as Error).stack)).not.toContain(SECRET);
    expect((error as Error).cause).toBeUndefined();
  });

  test("of a web identity are asked of STS, the token in the body", async () => {
    const bodies: string[] = [];
    const sts = await answering((_, body) => {
      bodies.push(body);
      return [
        200,
        `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>sts</AccessKeyId>
         <SecretAccessKey>${SECRET}</SecretAccessKey><SessionToken>session</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration>
         </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
      ];
    });
    const environment = {
      AWS_WEB_IDENTITY_TOKEN_FILE: "token",
      AWS_ROLE_ARN: "arn:aws:iam::1:role/x",
      AWS_ENDPOINT_URL_STS: sts.url,
    };
    expect(await source({ environment }).get()).toMatchObject({ accessKeyId: "sts", sessionToken: "session" });
    expect(sts.asked).toEqual(["POST /"]);
    expect(new URLSearchParams(bodies[0]).get("WebIdentityToken")).toBe("web-identity-token");
  });

  test("that STS refuses are denied, and its word does not show the token", async () => {
    const sts = await answering(() => [403, "<R><Error><Message>no web-identity-token here</Message></Error></R>"]);
    const profile = { web_identity_token_file: "token", role_arn: "arn:x" };
    const error = await source({ profile, environment: { AWS_ENDPOINT_URL_STS: sts.url } })
      .get()
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "DENIED", message: expect.stringContaining("no … here") });
  });

  test("of a container are asked with its token", async () => {
    const container = await answering(({ headers }) =>
      headers.authorization === "container-token" ? [200, json({ Token: "session" })] : [401, ""],
    );
    const environment = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${container.url}/creds?x=1`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: "container-token",
    };
    expect(await source({ environment }).get()).toMatchObject({ accessKeyId: "key", sessionToken: "session" });
    expect(container.asked).toEqual(["GET /creds?x=1"]);
    const elsewhere = { ...environment, AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://example.com/creds" };
    await expect(source({ environment: elsewhere }).get()).rejects.toMatchObject({ code: "DENIED" });
  });

  test("of an instance are asked in a session", async () => {
    const instance = await answering((request) => {
      if (request.method === "PUT") return [200, "session-token"];
      if (request.headers["x-aws-ec2-metadata-token"] !== "session-token") return [401, ""];
      return request.url?.endsWith("/") ? [200, "the-role\n"] : [200, json({ Token: "session" })];
    });
    const environment = { AWS_EC2_METADATA_SERVICE_ENDPOINT: instance.url };
    expect(await source({ environment }).get()).toMatchObject({ accessKeyId: "key", sessionToken: "session" });
    expect(instance.asked).toEqual([
      "PUT /latest/api/token",
      "GET /latest/meta-data/iam/security-credentials/",
      "GET /latest/meta-data/iam/security-credentials/the-role",
    ]);
  });

  test("that are nowhere are denied, with a hint", async () => {
    const nobody = { AWS_EC2_METADATA_SERVICE_ENDPOINT: "http://127.0.0.1:9" };
    await expect(source({ environment: nobody }).get()).rejects.toMatchObject({
      code: "DENIED",
      hint: expect.stringContaining("AWS_PROFILE"),
    });
    await expect(source({ profileName: "absent" }).get()).rejects.toThrow('there is no profile "absent"');
  });
});

test("region, endpoint and keys come from the files of the AWS tools", async () => {
  const bucket = await answering(({ headers }) => [
    headers.authorization?.includes("Credential=file-key/") && headers.authorization.includes("/eu-north-1/s3/")
      ? 200
      : 403,
    "content",
  ]);
  mkdirSync(path.join(folder, ".aws"));
  writeFileSync(
    path.join(folder, ".aws", "config"),
    `[profile mine]\nregion = eu-north-1\nendpoint_url = ${bucket.url}\n`,
  );
  writeFileSync(
    path.join(folder, ".aws", "credentials"),
    `[mine]\naws_access_key_id = file-key\naws_secret_access_key = ${SECRET}\n`,
  );
  const address = parseRemoteUrl("s3://bucket/some/prefix", "/") as Extract<RemoteAddress, { kind: "s3" }>;
  const remote = openS3Remote(address, { environment: { HOME: folder, AWS_PROFILE: "mine" } });
  expect(await remote.read("a/0")).toEqual(new TextEncoder().encode("content"));
  expect(bucket.asked).toEqual(["GET /bucket/some/prefix/a/0"]);
  await remote.close();
});
