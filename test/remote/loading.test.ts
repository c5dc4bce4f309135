/** Remotes outside of the test runner, which reads modules in a way of its own. */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { root } from "../docs/markdown.ts";
import { bundleScript } from "../support/bundle.ts";

test("the code of a kind is loaded when a remote of it is opened, and not before", () => {
  const script = `
    await import(${JSON.stringify(`${root}dist/testing.js`)});
    const { default: module } = await import("node:module");
    const loaded = Object.keys(module._cache).some((file) => file.includes("/ssh2/"));
    const http = process.moduleLoadList.some((name) => name === "NativeModule _http_client");
    console.log(JSON.stringify({ loaded, http }));
  `;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  expect(JSON.parse(output)).toEqual({ loaded: false, http: false });
});

test("every kind loads", async () => {
  const script = await bundleScript(`
    import { openRemote } from "#src/remote/index.ts";
    const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
    const codes = [];
    for (const url of [
      "/no/such/folder",
      "http://127.0.0.1:1",
      "s3://bucket?endpoint=http://127.0.0.1:1",
      "sftp://nobody@127.0.0.1:1/x",
    ]) {
      try {
        const remote = await openRemote(url, { credentials, retry: { triesMax: 1 } });
        await remote.read("a/0");
      } catch (error) {
        codes.push(error.code);
      }
    }
    console.log(codes.join(" "));
  `);
  const output = execFileSync(process.execPath, [script], { encoding: "utf8" });
  expect(output).toBe("NOT_FOUND UNREACHABLE UNREACHABLE UNREACHABLE\n");
});
