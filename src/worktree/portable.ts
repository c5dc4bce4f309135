/** Tells names that other platforms cannot hold. They are kept as they are, and reported. */
import { foldName } from "../catalog/index.ts";
import { baseOf, comparePaths, parentOf } from "../manifest/index.ts";
import { FoldedPaths } from "./folded-paths.ts";

// Device names of Windows, with or without an extension.
const windowsDevice = /^(con|prn|aux|nul|clock\$|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\..*)?$/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is sought.
const windowsForbidden = /[<>:"|?*\\\x00-\x1f]/;

/** Names that no platform has trouble with: most are like that. */
const plain = /^[a-z0-9_-]{7,}(\.[a-z0-9_-]+)*$/i;

/** Why a part of a path cannot be a name on Windows; `undefined` when it can. */
export function portabilityProblem(part: string): string | undefined {
  // Devices and short forms have at most six characters before their first dot or tilde.
  if (plain.test(part)) return undefined;
  if (windowsForbidden.test(part)) return "it has a character that Windows does not allow in names";
  if (/[. ]$/.test(part)) return "it ends in a dot or a space, which Windows drops";
  if (windowsDevice.test(part)) return "Windows takes it for a device";
  if (/^[a-z0-9]{1,6}~[0-9]+$/i.test(part)) return "Windows may take it for the short form of another name";
  return undefined;
}

/** A name that some platform cannot hold, or cannot hold beside another. */
export interface PortabilityWarning {
  /** From the root of the version. */
  readonly path: string;
  /** What is wrong with it, for people. */
  readonly problem: string;
}

/** How many names are reported. */
const WARNINGS_MAX = 100;

/** Looks at paths as they come and collects warnings. */
export class PortabilityCheck {
  readonly #problems = new Map<string, string>();
  readonly #folded = new FoldedPaths();
  /** The folder that was looked at last. */
  #folder = "";

  get warnings(): readonly PortabilityWarning[] {
    const warnings = Array.from(this.#problems, ([path, problem]) => ({ path, problem }));
    return warnings.sort((left, right) => comparePaths(left.path, right.path));
  }

  look(path: string): void {
    const folder = parentOf(path);
    // The same folder stands before many files, mostly one after another. To look at it again changes nothing.
    if (folder !== this.#folder && folder !== "") {
      if (!this.#folder.startsWith(`${folder}/`)) this.look(folder);
      this.#folder = folder;
    }
    const problem = portabilityProblem(baseOf(path));
    if (problem !== undefined) this.#warn(path, problem);
    const other = this.#folded.look(path, isAscii(path) ? path.toLowerCase() : foldName(path));
    if (other !== undefined) {
      this.#warn(path, `file systems that ignore case or composition take it for ${JSON.stringify(other)}`);
    }
  }

  #warn(path: string, problem: string): void {
    if (this.#problems.size < WARNINGS_MAX) this.#problems.set(path, problem);
  }
}

const ascii = /^[\x20-\x7e]*$/;

function isAscii(text: string): boolean {
  return ascii.test(text);
}
