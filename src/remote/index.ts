/** The port of remotes: keys and bytes, nothing of digests or versions. */
export { KEY_LENGTH_MAX, keyProblem } from "./key.ts";
export type { ListedKey, Remote, RemoteRange } from "./remote.ts";
