/**
 * Other tools that keep versions of folders, each with its own defaults. One that is not installed has no version: it is named
 * as missing. `install-peers.sh` installs them.
 *
 * A peer is `{ name, version, note, leavesOut, begin }`. `begin(place)` gives its part in one cycle: functions of a label (which
 * names what the tree holds now) and a target folder that return commands: `init`, `add`, `restore`, and where it has them
 * `switchTo` and `verify`. A place has `tree`, the folder `workspace` that holds nothing else, `store`, and `home`.
 */
import { borg } from "./borg.mjs";
import { bup } from "./bup.mjs";
import { casync } from "./casync.mjs";
import { dvc } from "./dvc.mjs";
import { git, gitLfs } from "./git.mjs";
import { oxen } from "./oxen.mjs";
import { restic } from "./restic.mjs";
import { rustic } from "./rustic.mjs";
import { xet } from "./xet.mjs";

export const peers = [restic, rustic, borg, casync, bup, dvc, oxen, xet, git, gitLfs];
