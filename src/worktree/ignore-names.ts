/**
 * Which names no rule of an ignore file can match. Most files of a folder are none that a rule speaks of, and to try every rule
 * on each, as the package that knows the syntax does, costs more than to walk the folder.
 *
 * A rule matches only where the last name of the path fits the last name of the rule. What is looked at is that alone, by the
 * signs that stand at its beginning and its end.
 */

/** What may stand for other signs than itself. */
const special = /[*?[\]{}()!|+^$@]/;

/** What a name begins and ends with. */
interface Ends {
  readonly start: string;
  readonly end: string;
}

/** The names that rules speak of. */
export class IgnoreNames {
  readonly #names = new Set<string>();
  /** Ends of names, by their length: those of rules like `*.log`. */
  readonly #ends = new Map<number, Set<string>>();
  readonly #others: Ends[] = [];
  /** Whether there is a rule of which nothing can be said. */
  #any = false;
  /** The folder that was asked about last, for its names are those of many paths; and what was found. */
  #folder = "";
  #isFolderPossible = false;

  /** @param text of the file, in gitignore syntax */
  constructor(text: string) {
    for (const line of text.split("\n")) {
      const rule = line.trimEnd().replace(/^!?\ufeff?/, "");
      if (rule !== "" && !line.startsWith("#")) this.#add(rule);
    }
  }

  /** Whether some rule may match a path, or a folder above it. False is certain, true is not. @param path without a slash at its end */
  mayMatch(path: string): boolean {
    if (this.#any) return true;
    const slash = path.lastIndexOf("/");
    return this.#mayBe(path.slice(slash + 1)) || (slash > 0 && this.#mayFolderMatch(path.slice(0, slash)));
  }

  #mayFolderMatch(folder: string): boolean {
    if (folder !== this.#folder) {
      this.#isFolderPossible = folder.split("/").some((name) => this.#mayBe(name));
      this.#folder = folder;
    }
    return this.#isFolderPossible;
  }

  #mayBe(name: string): boolean {
    if (this.#names.has(name)) return true;
    for (const [length, ends] of this.#ends) {
      if (name.length >= length && ends.has(name.slice(name.length - length))) return true;
    }
    return this.#others.some(({ start, end }) => name.startsWith(start) && name.endsWith(end));
  }

  #add(rule: string): void {
    // Escapes, and a slash that may stand in brackets, are left to those who know.
    if (rule.includes("\\") || /\[.*\//.test(rule)) {
      this.#any = true;
      return;
    }
    const names = rule.split("/").filter((name) => name !== "");
    // What is all that lies in a folder says of its own name nothing, but of the folder's.
    while (/^\*+$/.test(names.at(-1) ?? "")) names.pop();
    const last = names.at(-1);
    if (last === undefined || last.includes("**")) this.#any = true;
    else this.#addName(last);
  }

  #addName(name: string): void {
    // One choice among signs, as in *.py[co]: all that it may be. Of several there are too many.
    const choice = /^([^[\]]*)\[(\w+)\]([^[\]]*)$/.exec(name);
    if (choice !== null) {
      const [, before, signs, after] = choice as unknown as [string, string, string, string];
      for (const sign of signs) this.#addName(before + sign + after);
      return;
    }
    const first = name.search(special);
    if (first === -1) {
      this.#names.add(name);
      return;
    }
    const start = name.slice(0, first);
    const end = /[^*?[\]{}()!|+^$@]*$/.exec(name)?.[0] ?? "";
    if (start !== "" || end === "") this.#others.push({ start, end });
    else this.#ends.set(end.length, (this.#ends.get(end.length) ?? new Set()).add(end));
  }
}
