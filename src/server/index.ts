/** The server's side: a store over HTTP, with its pages and their data, and any remote, as docs/protocol.md has it. */
export type { Access, Caller } from "./access.ts";
export { type App, type AppOptions, REMOTE_PATH, serveStore } from "./app.ts";
export { type HostRules, hostRule } from "./guard.ts";
export type { Login } from "./login.ts";
export { type HandlerOptions, type Permitted, remoteHandler } from "./remote-handler.ts";
export { type RunningServer, type ServeOptions, serve } from "./serve.ts";
export { type StoreRemote, type StoreRemoteOptions, storeRemote } from "./store-remote.ts";
export { scopes, type TokenFacts, type TokenRequest, TokenStore } from "./tokens.ts";
