/** What `login` takes from a server, and what becomes of a file of logins that is not sound. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { command } from "../support/command.ts";
import { answer, rawServer } from "../support/raw-server.ts";
import { scratch } from "../support/stores.ts";

const json = { "content-type": "application/json" };
const sound = { user: "kim", scope: "write", team: null };

/** Logs in to a server that answers with these bytes. */
async function login(bytes: string, config: string, more: readonly string[] = []) {
  const { url } = await rawServer(bytes);
  const environment = { XDG_CONFIG_HOME: config };
  const args = ["login", "--key", "k", "--server", url, ...more];
  return { url, ...(await command(path.join(scratch(), "store"), args, undefined, environment)) };
}

const said = (login: unknown): string => answer(200, json, JSON.stringify({ login }));

describe("login", () => {
  test.each([
    ["a login that is a text", said("x")],
    ["no user", said({ ...sound, user: undefined })],
    ["a user that is a number", said({ ...sound, user: 5 })],
    ["no team", said({ ...sound, team: undefined })],
    ["a scope that is none", said({ ...sound, scope: "\u001b]0;x" })],
    ["no login", answer(200, json, "{}")],
    ["null", answer(200, json, "null")],
    ["a list", answer(200, json, "[]")],
    ["no JSON", answer(200, json, "<html>")],
    ["a page", answer(200, { "content-type": "text/html" }, "<html>")],
    ["megabytes", answer(200, json, `${" ".repeat(20_000_000)}${JSON.stringify({ login: sound })}`)],
  ])("keeps nothing of a server that answers with %s", async (_, bytes) => {
    const config = scratch();
    const { url, code, stderr } = await login(bytes, config);
    expect(stderr).toContain(`${url}: no artifold server answers there`);
    expect(code).toBe(13);
    expect(existsSync(path.join(config, "artifold", "logins.json"))).toBe(false);
  });

  test("what a server says of the user does not reach the terminal as it is", async () => {
    const config = scratch();
    const bytes = said({ ...sound, user: "kim\u001b[31m" });
    expect((await login(bytes, config)).stdout).toContain("kim\\x1b[31m at ");
    const shown = [(await login(bytes, config, ["-q"])).stdout];
    for (const more of [[], ["-q"]]) {
      const whoami = await command(scratch(), ["whoami", ...more], undefined, { XDG_CONFIG_HOME: config });
      shown.push(whoami.stdout);
    }
    expect(shown).toEqual(["kim\\x1b[31m\n", expect.stringContaining("kim\\x1b[31m at "), "kim\\x1b[31m\n"]);
  });
});

test("logins that are not sound are passed over, named by doctor, and gone with the next login", async () => {
  const config = scratch();
  const file = path.join(config, "artifold", "logins.json");
  const good = { server: "http://127.0.0.1:1", key: "k", user: "ada", team: null };
  mkdirSync(path.dirname(file));
  const { team: _, ...unsound } = { ...good, server: "http://127.0.0.1:2" };
  writeFileSync(file, JSON.stringify({ logins: [good, unsound, "x", null] }));
  const environment = { XDG_CONFIG_HOME: config };
  const store = scratch();
  expect((await command(store, ["whoami", "-q"], undefined, environment)).stdout).toBe("ada\n");
  const doctor = await command(store, ["doctor", "--json"], undefined, environment);
  expect(JSON.parse(doctor.stdout).findings).toContainEqual({
    name: "logins",
    ok: false,
    value: "3 of 4 are not sound",
    detail: `log in again to these servers: ${file}`,
  });
  expect((await login(said(sound), config)).code).toBe(0);
  expect(JSON.parse(readFileSync(file, "utf8")).logins).toMatchObject([good, { user: "kim" }]);
});
