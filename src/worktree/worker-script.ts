/** Where the script of worker threads lies; a module of its own so that tests can run from source beside built workers. */
export const contentWorkerScript: URL = new URL("./content-worker.cjs", import.meta.url);
