/** The metadata of a version. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Button, Copy, Empty } from "../parts/bits.tsx";
import { mayWrite } from "../shell/session.ts";
import { EditDialog } from "./edit-dialogs.tsx";
import { JsonView } from "./json-view.tsx";
import type { VersionProps } from "./place.ts";

/** The tab Metadata. */
export function MetadataTab({ version }: VersionProps): JSX.Element {
  const [isEditing, setEditing] = useState(false);
  const isEmpty = Object.keys(version.metadata).length === 0;
  const text = JSON.stringify(version.metadata, null, 2);
  return (
    <div class="stack">
      <div class="actions">
        {mayWrite.value && !version.removed && (
          <Button icon="edit" onClick={() => setEditing(true)}>
            Edit
          </Button>
        )}
        {!isEmpty && <Copy text={text} what="the metadata as JSON" bare={false} />}
      </div>
      {isEmpty ? <Empty title="This version has no metadata" /> : <JsonView value={version.metadata} />}
      {isEditing && <EditDialog version={version} onClose={() => setEditing(false)} />}
    </div>
  );
}
