/** Changing what is said of a version, and removing and restoring it. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { JsonObject, VersionDetails } from "../../client/index.ts";
import { Dialog } from "../parts/dialog.tsx";
import { counted, size } from "../parts/text.ts";
import { say } from "../shell/notes.tsx";
import { client } from "../shell/session.ts";
import { paramsOf } from "./place.ts";

interface EditProps {
  readonly version: VersionDetails;
  readonly onClose: () => void;
}

/** Message and metadata. The version itself stays as it is: both are notes beside it. */
export function EditDialog({ version, onClose }: EditProps): JSX.Element {
  const [message, setMessage] = useState(version.message);
  const [metadata, setMetadata] = useState(JSON.stringify(version.metadata, null, 2));
  const parsed = parseObject(metadata);
  const save = async (): Promise<void> => {
    if (typeof parsed === "string") throw new Error(parsed);
    await client.call("annotate", { params: paramsOf(version), body: { message, metadata: parsed } });
    say(`${version.name} ${version.version} was changed`);
  };
  return (
    <Dialog
      title={`Edit ${version.name} ${version.version}`}
      verb="Save"
      isReady={typeof parsed !== "string"}
      onDone={save}
      onClose={onClose}
    >
      <label class="labelled">
        Message
        <textarea class="field" value={message} onInput={(event) => setMessage(event.currentTarget.value)} />
      </label>
      <label class="labelled">
        Metadata, as a JSON object
        <textarea
          class="field mono"
          rows={10}
          spellcheck={false}
          value={metadata}
          aria-invalid={typeof parsed === "string"}
          aria-describedby="metadata-trouble"
          onInput={(event) => setMetadata(event.currentTarget.value)}
        />
      </label>
      <p id="metadata-trouble" class="wrong-text small">
        {typeof parsed === "string" ? parsed : ""}
      </p>
    </Dialog>
  );
}

/** Asks before a version is removed. */
export function RemoveDialog({ version, onClose }: EditProps): JSX.Element {
  const { name, version: number, files, bytes, usedBy } = version;
  const remove = async (): Promise<void> => {
    await client.call("removeVersion", { params: paramsOf(version) });
    say(`${name} ${number} was removed. It can be restored`);
  };
  return (
    <Dialog title={`Remove ${name} ${number}?`} verb={`Remove ${number}`} isDanger onDone={remove} onClose={onClose}>
      <p>
        {counted(files, "file")}, {size(bytes)}. The number {number} is never given again, and its tags go with it. What
        other versions share with it stays; it can be restored until the store is cleaned up.
      </p>
      {usedBy.length > 0 && (
        <p>
          Used by {usedBy.length === 1 ? "the run" : "runs"}{" "}
          <span class="name">{usedBy.map((run) => run.name).join(", ")}</span>.
        </p>
      )}
    </Dialog>
  );
}

/** Brings a removed version back. */
export async function restoreVersion(version: VersionDetails): Promise<void> {
  try {
    await client.call("restoreVersion", { params: paramsOf(version) });
    say(`${version.name} ${version.version} is back`);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), { isWrong: true });
  }
}

/** The object that a text is; else what is wrong with the text. */
function parseObject(text: string): JsonObject | string {
  try {
    const value: unknown = JSON.parse(text.trim() === "" ? "{}" : text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
    return "Metadata is an object: { … }";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
