/** All commands. The order is that of help. */
import { type CommandSpec, dryRunOption, type OptionSpec, typeOption, yesOption } from "./command.ts";
import type { WhenStopped } from "./output.ts";
import { loginCommands, remoteCommands } from "./remote-table.ts";

const uploadOptions: readonly OptionSpec[] = [
  { name: "name", value: "N", help: "name of the artifact", required: true, complete: "artifact" },
  { name: "type", value: "T", help: "type of the artifact: dataset, model, code, …", required: true, complete: "type" },
  { name: "message", short: "m", value: "TEXT", mayBeEmpty: true, help: "message of the version" },
  { name: "meta", value: "K=V", many: true, help: "metadata of the version; a value that is JSON is taken as such" },
  { name: "tag", value: "TAG", many: true, help: "tag that moves to the version" },
  { name: "include", value: "GLOB", many: true, help: "take only what a glob matches" },
  { name: "exclude", value: "GLOB", many: true, help: "leave out what a glob matches" },
  { name: "skip-unreadable", help: "leave out what cannot be read (exit 3)" },
  { name: "skip-links", help: "leave out links that point outside (exit 3)" },
  { name: "ours", help: "win where another upload changed the same path" },
  { name: "theirs", help: "give way where another upload changed the same path" },
];

const uploadOnly: readonly OptionSpec[] = [
  { name: "as", value: "PREFIX", mayBeEmpty: true, help: "put it below this folder of the version" },
  { name: "mirror", help: "make the version equal to the folder" },
  { name: "remove", value: "GLOB", many: true, help: "take out what a glob matches" },
  { name: "reference", value: "PATH=URI", many: true, help: "add content that lies elsewhere, by its URI" },
  dryRunOption,
  { name: "exit-code", help: "exit 4 when nothing changed" },
];

const downloadOptions: readonly OptionSpec[] = [
  typeOption,
  { name: "path", value: "GLOB", many: true, help: "write only what a glob matches" },
  { name: "clean", help: "remove other people's files from the folder" },
  { name: "force", help: "overwrite files that were changed" },
  { name: "link", help: "make read-only links into a cache beside the store instead of copies" },
  { name: "verify", value: "WHEN", help: "check files that are cloned out of the store: now (the default), or later" },
  dryRunOption,
  yesOption,
];

/** Each file of a download is whole or not there, and the next download goes on from there. */
const partlyDownloaded: WhenStopped = {
  happened: "unknown",
  said: "what was written stays; the same download goes on from there",
};

/** The commands. */
export const commands: readonly CommandSpec[] = [
  {
    name: "upload",
    help: "make a new version of an artifact from files and folders, if anything changed",
    args: [{ name: "PATH", many: true, complete: "file" }],
    options: [...uploadOptions, ...uploadOnly],
    load: () => import("./upload.ts"),
  },
  {
    name: "download",
    help: "make a folder hold a version",
    args: [{ name: "REF", complete: "ref" }],
    options: [
      { name: "to", value: "DIR", help: "folder to write to (default ./artifacts/NAME/VERSION)", complete: "folder" },
      ...downloadOptions,
    ],
    whenStopped: partlyDownloaded,
    load: () => import("./download.ts"),
  },
  {
    name: "artifact upload",
    help: "upload, in the words of the page",
    args: [{ name: "PATH", many: true, complete: "file" }],
    options: [...uploadOptions, ...uploadOnly],
    hidden: true,
    load: () => import("./upload.ts"),
  },
  {
    name: "artifact download",
    help: "download, in the words of the page",
    args: [{ name: "PATH", optional: true, complete: "folder" }],
    options: [
      { name: "name", value: "N", help: "name of the artifact", required: true, complete: "artifact" },
      { name: "tag", value: "V", help: "tag or number of the version", complete: "tag" },
      ...downloadOptions,
    ],
    hidden: true,
    whenStopped: partlyDownloaded,
    load: () => import("./artifact-download.ts"),
  },
  {
    name: "ls",
    help: "list artifacts, or what is in a version",
    args: [{ name: "REF[/FOLDER]", optional: true, complete: "ref" }],
    options: [typeOption, { name: "recursive", short: "r", help: "list all files" }],
    load: () => import("./ls.ts"),
  },
  {
    name: "show",
    help: "show a version",
    args: [{ name: "REF", complete: "ref" }],
    options: [typeOption, { name: "versions", help: "list all versions of the artifact" }],
    load: () => import("./show.ts"),
  },
  {
    name: "cat",
    help: "print a file of a version",
    args: [{ name: "REF/PATH", complete: "ref" }],
    options: [typeOption, { name: "range", value: "FIRST-LAST", help: "print only these bytes, both included" }],
    load: () => import("./cat.ts"),
  },
  {
    name: "diff",
    help: "compare two versions, or a version with a folder",
    args: [
      { name: "REF", complete: "ref" },
      { name: "REF-or-FOLDER", complete: "ref or folder" },
    ],
    options: [typeOption],
    load: () => import("./diff.ts"),
  },
  {
    name: "status",
    help: "compare a folder (default the working folder) with the version it was given",
    args: [{ name: "DIR", optional: true, complete: "folder" }],
    options: [],
    load: () => import("./status.ts"),
  },
  {
    name: "tag",
    help: "move a tag to a version",
    args: [
      { name: "REF", complete: "ref" },
      { name: "TAG", complete: "tag" },
    ],
    options: [typeOption, dryRunOption],
    load: () => import("./tag.ts"),
  },
  {
    name: "untag",
    help: "take a tag away from a version",
    args: [
      { name: "REF", complete: "ref" },
      { name: "TAG", complete: "tag" },
    ],
    options: [typeOption, dryRunOption],
    load: () => import("./tag.ts"),
  },
  {
    name: "meta",
    help: "change metadata or message of a version",
    args: [
      { name: "REF", complete: "ref" },
      { name: "K=V", many: true, optional: true },
    ],
    options: [
      typeOption,
      { name: "unset", value: "K", many: true, help: "take a key away" },
      { name: "message", short: "m", value: "TEXT", mayBeEmpty: true, help: "give it another message" },
      dryRunOption,
    ],
    load: () => import("./meta.ts"),
  },
  {
    name: "rm",
    help: "remove a version; its number is not given again",
    args: [{ name: "REF", complete: "ref" }],
    options: [
      typeOption,
      { name: "all-versions", help: "remove all versions of the artifact" },
      dryRunOption,
      yesOption,
    ],
    load: () => import("./rm.ts"),
  },
  {
    name: "restore",
    help: "bring a removed version back",
    args: [{ name: "REF", complete: "ref" }],
    options: [typeOption, { name: "all-versions", help: "bring all versions of the artifact back" }, dryRunOption],
    load: () => import("./rm.ts"),
  },
  {
    name: "log",
    help: "tell what happened in the store, or to some artifacts, newest first",
    args: [{ name: "REF", many: true, optional: true, complete: "ref" }],
    options: [typeOption, { name: "limit", short: "n", value: "N", help: "tell the last N operations only" }],
    load: () => import("./log.ts"),
  },
  {
    name: "watch",
    help: "make a version each time a folder has changed and come to rest",
    args: [{ name: "DIR", complete: "folder" }],
    options: [
      ...uploadOptions,
      { name: "as", value: "PREFIX", mayBeEmpty: true, help: "put it below this folder of the version" },
      { name: "settle", value: "SECONDS", help: "how long the folder must rest (default 2)" },
    ],
    load: () => import("./watch.ts"),
  },
  {
    name: "init",
    help: "begin a run, to which uploads and downloads of this folder belong until finish",
    args: [],
    options: [
      { name: "run", value: "R", help: "name of the run (default two words and a number)" },
      {
        name: "config",
        value: "K=V",
        many: true,
        help: "configuration of the run; a value that is JSON is taken as such",
      },
      { name: "team_name", value: "T", help: "team, in the words of the page", hidden: true, complete: "team" },
      {
        name: "exp_name",
        value: "E",
        help: "experiment, in the words of the page",
        hidden: true,
        complete: "experiment",
      },
      { name: "run_name", value: "R", help: "name of the run, in the words of the page", hidden: true },
    ],
    whenStopped: { happened: "unknown", said: "`artifold runs ls` tells whether the run was begun" },
    load: () => import("./init.ts"),
  },
  {
    name: "finish",
    help: "end the current run, or the one that is named",
    args: [{ name: "RUN", optional: true, complete: "run" }],
    options: [
      { name: "failed", help: "say that it failed" },
      { name: "code", value: "N", help: "exit code of what it ran: 0 finished, else failed" },
    ],
    load: () => import("./finish.ts"),
  },
  {
    name: "run",
    help: "begin a run, run a program in it, and end it as the program ends",
    args: [{ name: "COMMAND", many: true, afterDashes: true, complete: "file" }],
    options: [
      { name: "run", value: "R", help: "name of the run (default two words and a number)" },
      {
        name: "config",
        value: "K=V",
        many: true,
        help: "configuration of the run; a value that is JSON is taken as such",
      },
    ],
    load: () => import("./run.ts"),
  },
  {
    name: "runs ls",
    help: "list runs, newest first",
    args: [],
    options: [{ name: "limit", short: "n", value: "N", help: "list the last N runs only" }],
    load: () => import("./runs-ls.ts"),
  },
  {
    name: "runs show",
    help: "show a run: its configuration, what it used and made, and its end",
    args: [{ name: "RUN", optional: true, complete: "run" }],
    options: [],
    load: () => import("./runs-show.ts"),
  },
  ...remoteCommands,
  {
    name: "verify",
    help: "read and check everything that is stored",
    args: [{ name: "REF", many: true, optional: true, complete: "ref" }],
    options: [typeOption, { name: "quick", help: "check structure and presence, not every byte" }],
    load: () => import("./verify.ts"),
  },
  {
    name: "serve",
    help: "show the store in a browser, and answer programs",
    args: [],
    options: [
      { name: "port", value: "N", help: "port to listen on (default 9111); 0 for any that is free" },
      { name: "host", value: "ADDRESS", help: "address to listen on (default 127.0.0.1: this machine alone)" },
      { name: "private", help: "ask for a login for reading, too; on other addresses that is always so" },
      {
        name: "allow-host",
        value: "NAME",
        many: true,
        help: "also answer to this name, as a proxy or a network has it",
      },
      { name: "remote", value: "URL", help: "where to keep what is pushed (default a folder in the store's)" },
    ],
    load: () => import("./serve.ts"),
  },
  ...loginCommands,
  {
    name: "setting",
    help: "show your own settings, or change them",
    args: [],
    options: [
      { name: "http-host", value: "HOST:PORT", help: "where the server is that URLs of runs lead to" },
      { name: "auto-push", value: "on|off", help: "push after each upload (default off)", complete: ["on", "off"] },
      { name: "http_host", value: "HOST:PORT", help: "the same, in the words of the page", hidden: true },
    ],
    passesOverSettings: true,
    load: () => import("./setting.ts"),
  },
  {
    name: "doctor",
    help: "show paths, settings and parts, and whether they work",
    args: [],
    options: [],
    passesOverSettings: true,
    load: () => import("./doctor.ts"),
  },
  {
    name: "store create",
    help: "make a store in .artifold of a folder",
    args: [{ name: "DIR", optional: true, complete: "folder" }],
    options: [],
    load: () => import("./store-create.ts"),
  },
  {
    name: "completion",
    help: "print the completion script of a shell",
    args: [{ name: "SHELL", complete: ["bash", "zsh", "fish", "pwsh"] }],
    options: [],
    passesOverSettings: true,
    load: () => import("./completion.ts"),
  },
  {
    name: "complete",
    help: "print completions of a command line",
    args: [{ name: "WORD", many: true, optional: true, mayBeEmpty: true }],
    options: [],
    hidden: true,
    passesOverSettings: true,
    load: () => import("./complete.ts"),
  },
];
