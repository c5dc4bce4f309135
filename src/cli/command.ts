/** What a command is: a row of the table that parsing, help and completion are made from. */
import type { Store } from "../store/index.ts";
import type { Call } from "./call.ts";
import type { Context } from "./context.ts";
import type { Output, WhenStopped } from "./output.ts";

/** An option of a command. */
export interface OptionSpec {
  /** Name after the two hyphens. */
  readonly name: string;
  /** One letter after one hyphen. */
  readonly short?: string;
  /** What stands for the value in help; absent for an option without value. */
  readonly value?: string;
  /** Whether it may be given several times. */
  readonly many?: boolean;
  /** Whether the command cannot do without it. */
  readonly required?: boolean;
  /** Whether an empty value says something. */
  readonly mayBeEmpty?: boolean;
  /** One line of help, without a full stop. */
  readonly help: string;
  /** How completion fills the value in. */
  readonly complete?: Completion;
  /** Not shown in help: another spelling, kept for those who come from elsewhere. */
  readonly hidden?: boolean;
}

/** What completion offers for a value or an argument. */
export type Completion =
  | "file"
  | "folder"
  | "ref"
  | "ref or folder"
  | "artifact"
  | "type"
  | "tag"
  | "team"
  | "experiment"
  | "run"
  | "remote"
  | readonly string[];

/** An argument of a command. */
export interface ArgumentSpec {
  readonly name: string;
  readonly optional?: boolean;
  readonly many?: boolean;
  /** Whether it stands after "--", where nothing is taken for an option. */
  readonly afterDashes?: boolean;
  /** Whether an empty one says something. */
  readonly mayBeEmpty?: boolean;
  readonly complete?: Completion;
}

/** What a command works with. */
export interface Run {
  /** Name of the command: some share their code. */
  readonly command: string;
  readonly call: Call;
  readonly context: Context;
  readonly output: Output;
  readonly signal: AbortSignal;
  /**
   * Opens the store that is meant. A command that writes makes it; one that only pretends to write gets an empty one,
   * which is gone when the command ends.
   */
  open(options?: { create?: boolean; pretend?: boolean }): Promise<Store>;
  /** From now on signals do not end the command, but are told to it. Those that only programs use come too. */
  takeSignals(handler: (signal: NodeJS.Signals) => void): void;
}

/** Carries a command out. @returns the exit code */
export type RunCommand = (run: Run) => Promise<number>;

/** A command. */
export interface CommandSpec {
  /** One word, or two: "artifact upload". */
  readonly name: string;
  /** One line of help, imperative, without a full stop. */
  readonly help: string;
  readonly args: readonly ArgumentSpec[];
  readonly options: readonly OptionSpec[];
  /** Not shown in help. */
  readonly hidden?: boolean;
  /** Whether it runs where settings cannot be read: it shows or mends them, or does without. */
  readonly passesOverSettings?: boolean;
  /** What holds after a signal has ended it, as one sentence: nothing was changed, where this says nothing else. */
  readonly whenStopped?: WhenStopped;
  /** Loads the code: only the command that is called costs its start-up time. */
  readonly load: () => Promise<{ run: RunCommand }>;
}

/** Options that every command has. */
export const commonOptions: readonly OptionSpec[] = [
  { name: "store", value: "DIR", help: "use the store in DIR", complete: "folder" },
  { name: "team", value: "T", help: "team of the artifact", complete: "team" },
  { name: "experiment", value: "E", help: "experiment of the artifact", complete: "experiment" },
  { name: "json", help: "print the result as one JSON document" },
  { name: "json-lines", help: "print progress as JSON lines on stderr" },
  { name: "quiet", short: "q", help: "print only the essential value" },
  { name: "no-progress", help: "print no progress" },
  { name: "trust-owner", help: "use a store that belongs to another user" },
  { name: "allow-network-file-system", help: "use a store on a network file system" },
  { name: "help", short: "h", help: "print help" },
];

/** An option that many commands have. */
export const typeOption: OptionSpec = {
  name: "type",
  value: "T",
  help: "type of the artifact, where one name has two",
  complete: "type",
};
/** The option of commands that change something. */
export const dryRunOption: OptionSpec = { name: "dry-run", help: "say what would be done and do nothing" };
/** The option of commands that ask. */
export const yesOption: OptionSpec = { name: "yes", help: "do not ask" };
