/** Runs and type-checks the JavaScript of documents. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./markdown.ts";

/** What a program says, in comments, that it prints: one line for each `prints:`. */
export function promisedOutput(program: string): string {
  return [...program.matchAll(/\/\/ prints: (.*)$/gm)].map((match) => `${match[1]}\n`).join("");
}

/** A part of the library as it was built. */
function built(part: string): string {
  return JSON.stringify(pathToFileURL(`${root}dist/${part}.js`).href);
}

/** Runs a program in an empty folder, which is its home too. @returns what it printed */
export function runProgram(program: string): string {
  return inFolder((folder) => {
    const file = path.join(folder, "program.mjs");
    writeFileSync(
      file,
      program.replace(/from "artifold(?:\/(\w+))?"/g, (_, part = "index") => `from ${built(part)}`),
    );
    const { ARTIFOLD_STORE: _, ARTIFOLD_RUN: __, ...environment } = process.env;
    const env = { ...environment, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
    return execFileSync(process.execPath, [file], { cwd: folder, encoding: "utf8", env });
  });
}

/** Type-checks a program as strictly as the project's own code. @returns the compiler's complaints, "" for none */
export function complaintsOf(program: string): string {
  return inFolder((folder) => {
    writeFileSync(path.join(folder, "program.mjs"), program);
    const compilerOptions = {
      target: "ES2023",
      lib: ["ES2023", "ESNext.Disposable"],
      module: "NodeNext",
      moduleResolution: "NodeNext",
      types: ["node"],
      typeRoots: [`${root}node_modules/@types`],
      paths: {
        artifold: [`${root}dist/types/index.d.ts`],
        "artifold/*": [`${root}dist/types/*/index.d.ts`],
      },
      strict: true,
      allowJs: true,
      checkJs: true,
      noEmit: true,
      skipLibCheck: true,
    };
    writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["program.mjs"] }));
    try {
      execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, "-p", folder], { encoding: "utf8" });
      return "";
    } catch (error) {
      return (error as { stdout: string }).stdout;
    }
  });
}

function inFolder<Result>(action: (folder: string) => Result): Result {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "artifold-docs-")));
  try {
    return action(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
