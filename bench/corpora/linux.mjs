/** A real tree of source code: Debian's package of the Linux kernel, unpacked. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";

const ARCHIVE = "/usr/src/linux-source-6.1.tar.xz";

/** The source of Linux 6.1, or its first part. */
export function linux(scale) {
  return {
    about: `the source of Linux 6.1 as Debian packs it${scale < 1 ? `, the first ${scale * 100} % of its files` : ""}`,
    missing: () => (existsSync(ARCHIVE) ? undefined : `Debian's package linux-source-6.1 is not installed`),
    make: (tree) => {
      mkdirSync(tree, { recursive: true });
      execFileSync("tar", ["-xf", ARCHIVE, "--strip-components=1", "-C", tree], { stdio: "inherit" });
      if (scale < 1) keepFirst(tree, scale);
    },
    changes: {},
    steps: ["first", "unchanged", "download", "verify"],
  };
}

function keepFirst(tree, share) {
  const script = `find . ! -type d | LC_ALL=C sort > ../names
    tail -n +"$(($(wc -l < ../names) * $0 / 1000 + 2))" ../names | tr '\\n' '\\0' | xargs -0 rm && rm ../names
    find . -depth -mindepth 1 -type d -empty -delete`;
  execFileSync("sh", ["-c", script, String(Math.round(share * 1000))], { cwd: tree, stdio: "inherit" });
}
