/** The lines that the dashboard gives to fetch what is on screen: a shell takes them as they are meant. */
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fetchLines, shell } from "../../src/web/artifacts/fetch-lines.ts";

const version = { team: "t", experiment: "e", type: "dataset", name: "sample", version: "V2" };

test("a version", () => {
  expect(fetchLines({ ...version, path: "", isFile: false }, "http://127.0.0.1:9111", false)).toEqual({
    command: "artifold download t/e/sample:V2 --type dataset",
    library:
      'const version = await store.getArtifact({ team: "t", experiment: "e", type: "dataset", name: "sample", tag: "V2" });\n' +
      'await version.download("./sample-V2");',
    curl: "curl -fL -o sample-V2.zip 'http://127.0.0.1:9111/api/artifacts/t/e/dataset/sample/versions/V2/archive?format=zip'",
  });
});

test("a folder, and a file of a server that wants a token", () => {
  const folder = fetchLines({ ...version, path: "cats/big", isFile: false }, "http://h", true);
  expect(folder.command).toBe("artifold download t/e/sample:V2 --type dataset --path 'cats/big/**'");
  expect(folder.library).toContain('await version.download("./big", { path: ["cats/big/**"] });');
  const file = fetchLines({ ...version, path: "it's.txt", isFile: true }, "http://h", true);
  expect(file.command).toBe("artifold cat 't/e/sample:V2/it'\\''s.txt' --type dataset > 'it'\\''s.txt'");
  expect(file.curl).toContain('-H "Authorization: Bearer $ARTIFOLD_TOKEN"');
});

test("a shell takes every word as it is", () => {
  const words = fc.array(
    fc.string({ minLength: 1, unit: "grapheme" }).filter((word) => !word.includes("\0")),
    { minLength: 20, maxLength: 20 },
  );
  fc.assert(
    fc.property(words, (own) => {
      const printed = execFileSync("sh", ["-c", `printf '%s\\0' ${own.map(shell).join(" ")}`], { encoding: "utf8" });
      expect(printed).toBe(own.map((word) => `${word}\0`).join(""));
    }),
    { numRuns: 30 },
  );
});
