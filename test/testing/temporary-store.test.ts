import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { settableClock, temporaryStore } from "../../src/testing/index.ts";

test("a temporary store works, shows the time it is given, and is gone afterwards", async () => {
  const clock = settableClock(new Date("2024-02-29T12:00:00Z"));
  let folder: string;
  {
    await using temporary = await temporaryStore({ clock, user: "tester" });
    folder = temporary.folder;
    const artifact = await temporary.store.artifact({ name: "a", type: "t" });
    await artifact.add(Buffer.from("one"), { as: "x" });
    await artifact.upload();
    clock.advance(1000);
    await artifact.add(Buffer.from("two"), { as: "x" });
    await artifact.upload();
    clock.set(0);
    await artifact.add(Buffer.from("three"), { as: "x" });
    await artifact.upload();
    const times: string[] = [];
    for await (const version of temporary.store.versions("a")) times.push(version.createdAt);
    // Newest first: a clock that goes backwards changes what is shown, and not the order.
    expect(times).toEqual(["1970-01-01T00:00:00.000Z", "2024-02-29T12:00:01.000Z", "2024-02-29T12:00:00.000Z"]);
    expect((await temporary.store.getArtifact({ name: "a" })).createdBy).toBe("tester");
  }
  expect(existsSync(folder)).toBe(false);
});
