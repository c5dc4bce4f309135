// After the compilers: makes the command executable, as npm does when it installs a package.
import { chmodSync } from "node:fs";

chmodSync(new URL("../dist/cli.js", import.meta.url), 0o755);
