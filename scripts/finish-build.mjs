// After the compiler: makes the command executable, as npm does when it installs a package.
import { chmodSync, existsSync } from "node:fs";

const command = new URL("../dist/cli/main.js", import.meta.url);
if (existsSync(command)) chmodSync(command, 0o755);
