/** The script of a worker thread that reads and writes files of the user's. */
import { workerData } from "node:worker_threads";
import type { SharedMemory } from "../chunking/index.ts";
import { prepareCompression } from "../objects/index.ts";
import { nodeFileSystem, serveRequests } from "../platform/index.ts";
import { ContentHandler, type ContentRequest, transferable } from "./content-pool.ts";

const handler = new ContentHandler(nodeFileSystem, workerData as SharedMemory);
const ready = prepareCompression();
serveRequests(async (message) => {
  await ready;
  const value = await handler.handle(message as ContentRequest);
  return { value, transfer: transferable(value) };
});
