/** `store create`: makes a store in .artifold of a folder. */
import path from "node:path";
import { Store, storeExists } from "../store/index.ts";
import { STORE_FOLDER_NAME } from "../worktree/index.ts";
import type { Run } from "./command.ts";
import { safe } from "./text.ts";

export async function run({ call, context, output }: Run): Promise<number> {
  const [folder] = call.args;
  // --store names the store itself; DIR names the folder that gets one.
  const place =
    folder === undefined && call.text("store") !== undefined
      ? context.store.value
      : path.join(path.resolve(context.cwd, folder ?? "."), STORE_FOLDER_NAME);
  const existed = storeExists(place);
  const store = await Store.open(place, {
    create: true,
    trustOwner: call.flag("trust-owner"),
    allowNetworkFileSystem: call.flag("allow-network-file-system"),
  });
  const { value, origin, from } = context.store;
  if (origin === "environment" && path.relative(value, place) !== "") {
    output.note(`${from} comes first, and names ${safe(value)}`);
  }
  const result = { path: store.folder, created: !existed };
  await store.close();
  output.result(result, result.path, [`${existed ? "there is a store" : "made a store"} in ${safe(result.path)}`]);
  return 0;
}
