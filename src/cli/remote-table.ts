/** The commands of remotes, and of who may ask a server. The order is that of help. */
import { type CommandSpec, dryRunOption, type OptionSpec, typeOption, yesOption } from "./command.ts";

const serverOption: OptionSpec = {
  name: "server",
  value: "URL",
  help: "which server, by its URL or HOST:PORT (default the one that `setting --http-host` names)",
};

/** Commands that talk to remotes. */
export const remoteCommands: readonly CommandSpec[] = [
  {
    name: "remote add",
    help: "give a remote a name: a folder, a server of artifold, an S3 bucket, an SFTP folder",
    args: [{ name: "NAME" }, { name: "URL", complete: "folder" }],
    options: [dryRunOption],
    load: () => import("./remote.ts"),
  },
  {
    name: "remote ls",
    help: "list remotes",
    args: [],
    options: [],
    load: () => import("./remote.ts"),
  },
  {
    name: "remote rm",
    help: "forget a remote; what is on it stays",
    args: [{ name: "NAME", complete: "remote" }],
    options: [dryRunOption],
    load: () => import("./remote.ts"),
  },
  {
    name: "remote check",
    help: "find out what a place really guarantees",
    args: [{ name: "NAME-or-URL", complete: "remote" }],
    options: [{ name: "large", help: "try bodies of 17 MiB too" }],
    whenStopped: { happened: "unknown", said: "keys that it made may be left under check/" },
    load: () => import("./remote-check.ts"),
  },
  {
    name: "remote gc",
    help: "take away from a remote what no version on it needs",
    args: [{ name: "NAME-or-URL", optional: true, complete: "remote" }],
    options: [dryRunOption, yesOption],
    whenStopped: { happened: "unknown", said: "nothing that is needed is gone; the next one ends what was begun" },
    load: () => import("./remote-gc.ts"),
  },
  {
    name: "push",
    help: "send to a remote what it has not",
    args: [
      { name: "REMOTE", optional: true, complete: "remote" },
      { name: "REF", optional: true, many: true, complete: "ref" },
    ],
    options: [
      typeOption,
      {
        name: "whole",
        help: "read what is there of these versions, and send again what is gone or damaged",
      },
      {
        name: "single-writer",
        help: "you know that nobody else writes there, where the place cannot tell writers apart",
      },
      dryRunOption,
    ],
    whenStopped: { happened: "unknown", said: "what was sent stays; the same push goes on from there" },
    load: () => import("./push.ts"),
  },
  {
    name: "pull",
    help: "fetch from a remote what the store has not",
    args: [
      { name: "REMOTE", optional: true, complete: "remote" },
      { name: "REF", optional: true, many: true, complete: "ref" },
    ],
    options: [
      typeOption,
      { name: "metadata-only", help: "leave content where it is; what is read of it is fetched then, and kept" },
      dryRunOption,
    ],
    whenStopped: { happened: "unknown", said: "what was fetched stays; the same pull goes on from there" },
    load: () => import("./pull.ts"),
  },
  {
    name: "clone",
    help: "make a store in .artifold of a folder, with what is on a remote",
    args: [
      { name: "URL", complete: "folder" },
      { name: "DIR", complete: "folder" },
      { name: "REF", optional: true, many: true },
    ],
    options: [
      typeOption,
      { name: "metadata-only", help: "leave content where it is; what is read of it is fetched then, and kept" },
    ],
    whenStopped: { happened: "unknown", said: "the store stays; `artifold pull` in it goes on from there" },
    load: () => import("./clone.ts"),
  },
  {
    name: "merge",
    help: "make one version of two that diverged",
    args: [
      { name: "REF", complete: "ref" },
      { name: "REF", complete: "ref" },
    ],
    options: [
      typeOption,
      { name: "ours", help: "the first wins where both changed a path" },
      { name: "theirs", help: "the second wins where both changed a path" },
      { name: "ours-at", value: "GLOB", many: true, help: "the first wins at these paths" },
      { name: "theirs-at", value: "GLOB", many: true, help: "the second wins at these paths" },
      { name: "message", short: "m", value: "TEXT", mayBeEmpty: true, help: "message of the version" },
      dryRunOption,
    ],
    load: () => import("./merge.ts"),
  },
];

/** Commands about tokens and logins. */
export const loginCommands: readonly CommandSpec[] = [
  {
    name: "token create",
    help: "make a token for the server of this store; it is shown once",
    args: [],
    options: [
      { name: "user", value: "U", help: "whose changes are made with it (default yourself)" },
      {
        name: "scope",
        value: "read|write|admin",
        help: "what it allows (default read)",
        complete: ["read", "write", "admin"],
      },
    ],
    load: () => import("./token.ts"),
  },
  {
    name: "token ls",
    help: "list tokens",
    args: [],
    options: [],
    load: () => import("./token.ts"),
  },
  {
    name: "token revoke",
    help: "take a token back",
    args: [{ name: "ID" }],
    options: [dryRunOption, yesOption],
    load: () => import("./token.ts"),
  },
  {
    name: "login",
    help: "keep a key for a server, and make the server a remote",
    args: [],
    options: [{ name: "key", value: "K", help: "the token; - reads it from stdin", required: true }, serverOption],
    load: () => import("./login.ts"),
  },
  {
    name: "logout",
    help: "forget the key for a server",
    args: [],
    options: [serverOption],
    load: () => import("./login.ts"),
  },
  {
    name: "whoami",
    help: "tell who you are, and to which server",
    args: [],
    options: [serverOption],
    load: () => import("./login.ts"),
  },
];
