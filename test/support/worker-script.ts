/** Stands in for the module of the same name in src/worktree: the script of worker threads as it was built. */
export const contentWorkerScript: URL = new URL("../../dist/content-worker.cjs", import.meta.url);
