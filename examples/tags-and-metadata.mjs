// Tags that move, metadata that is added later, a version that is removed and comes back, and the log of it all.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { isArtifoldError, openStore } from "artifold";

const place = await mkdtemp(path.join(tmpdir(), "artifold-tags-"));
const store = await openStore(path.join(place, "store"));
try {
  for (const [accuracy, weights] of [
    [0.91, "first weights"],
    [0.94, "better weights"],
    [0.89, "worse weights"],
  ]) {
    const model = await store.artifact({ name: "classifier", type: "model" });
    await model.add(new TextEncoder().encode(weights), { as: "weights.bin" });
    await model.upload({ metadata: { accuracy } });
  }

  // The best one gets the tag, wherever the tag was before.
  let best;
  for await (const version of store.versions("classifier")) {
    if (best === undefined || version.metadata.accuracy > best.metadata.accuracy) best = version;
  }
  await best.tag("prod");
  await best.annotate({ metadata: { ...best.metadata, reviewed: true } });
  const prod = await store.resolve("classifier:prod");
  console.log(`prod is ${prod.version}: ${JSON.stringify(prod.metadata)}`);

  // A removed version keeps its number, and its content until gc: it can come back.
  const worst = await store.resolve("classifier:latest");
  await worst.remove();
  console.log(`latest is ${(await store.resolve("classifier")).version}`);
  try {
    await store.resolve("classifier:V3");
  } catch (error) {
    if (!isArtifoldError(error, "NOT_FOUND")) throw error;
    console.log(`${error.code}: ${error.message}. ${error.hint}`);
  }
  await worst.restore();
  console.log(`latest is ${(await store.resolve("classifier")).version}`);

  console.log("the log, newest first:");
  for await (const { operation, changes } of store.log()) {
    console.log(`  ${operation}: ${changes.map(({ change }) => change).join(", ")}`);
  }
} finally {
  await store.close();
  await rm(place, { recursive: true });
}

/* Prints:
prod is V2: {"accuracy":0.94,"reviewed":true}
latest is V2
NOT_FOUND: classifier has no V3. It was removed; `artifold restore` brings it back.
latest is V3
the log, newest first:
  7: restore
  6: remove
  5: note
  4: tag
  3: version
  2: version
  1: artifact, version
*/
