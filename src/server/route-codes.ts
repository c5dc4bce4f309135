/** The code of all routes. */
import type { RouteName } from "../client/index.ts";
import type { RouteCodes } from "./call.ts";
import { artifactRoutes } from "./routes/artifacts.ts";
import { diffRoutes } from "./routes/diffs.ts";
import { draftRoutes } from "./routes/drafts.ts";
import { experimentRoutes } from "./routes/experiments.ts";
import { fileRoutes } from "./routes/files.ts";
import { folderRoutes } from "./routes/folders.ts";
import { logRoutes } from "./routes/log.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import { versionRoutes } from "./routes/versions.ts";

/** By their names. A route without code, or code without a route, is an error of types. */
export const routeCodes: RouteCodes<RouteName> = {
  ...artifactRoutes,
  ...diffRoutes,
  ...draftRoutes,
  ...experimentRoutes,
  ...fileRoutes,
  ...folderRoutes,
  ...logRoutes,
  ...sessionRoutes,
  ...versionRoutes,
};
