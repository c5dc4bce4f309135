/** What lies in the journal's last segment is found through a filter once much is asked, and after others wrote to it too. */
import { expect, test } from "vitest";
import { hashContent } from "../../src/digest/index.ts";
import { openScratch } from "../support/stores.ts";

const contents = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `the content of number ${from + index}`);

test("objects are found before and after others come, and what is absent is not", async () => {
  const writing = await openScratch();
  const reading = await openScratch(writing.folder);
  const upload = async (texts: readonly string[]): Promise<void> => {
    await using draft = await writing.artifact({ name: "sample", type: "dataset" });
    for (const text of texts) await draft.add(Buffer.from(text), { as: `${text}.txt` });
    await draft.upload();
  };
  const found = (texts: readonly string[]): number =>
    texts.filter((text) => reading.engine.objects.locate(hashContent(Buffer.from(text))) !== undefined).length;
  const [first, second] = [contents(0, 400), contents(1000, 400)];

  await upload(first);
  await reading.engine.refresh();
  // More than is asked without a filter, and twice: without it and with it.
  expect([found(first), found(second), found(first)]).toEqual([400, 0, 400]);
  await upload(second);
  await reading.engine.refresh();
  expect([found(second), found(first)]).toEqual([400, 400]);
  // Whoever writes sees what it wrote at once.
  expect(writing.engine.objects.locate(hashContent(Buffer.from(second[0] as string)))).toBeDefined();
});
