/** The server's side: any remote over HTTP, as docs/protocol.md has it. */
export { type HandlerOptions, type Permitted, remoteHandler } from "./remote-handler.ts";
export { type RunningServer, type ServeOptions, serve } from "./serve.ts";
