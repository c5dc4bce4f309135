/** The data API of a server as a client sees it. Imports nothing of Node or of other rooms: it goes into browsers. */
export { ApiError, Client, type ClientOptions } from "./client.ts";
export {
  type AnswerOf,
  type ArtifactParams,
  type CallOf,
  type LineageQuery,
  OPERATION_HEADER,
  pathOf,
  type RouteHead,
  type RouteName,
  type Routes,
  type RunParams,
  routes,
  type VersionParams,
} from "./routes.ts";
export type { FileToSend, SendOptions } from "./sending.ts";
export type * from "./views.ts";
