/** Uploading files or a folder from the browser as a new version. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { UploadView } from "../../client/index.ts";
import { Dialog } from "../parts/dialog.tsx";
import { useDrop } from "../parts/drop.ts";
import { count, counted, plainly, size } from "../parts/text.ts";
import { say } from "../shell/notes.tsx";
import type { VersionPlace } from "../shell/routes.ts";
import { folderOf } from "./place.ts";
import { type ChosenFile, filesOfDrop, filesOfInput } from "./upload-files.ts";
import { type UploadProgress, uploadFiles } from "./upload-run.ts";

/** What the dialog is told. */
export interface UploadDialogProps {
  /** Where to; without an artifact its name and type are asked for. */
  readonly place: VersionPlace;
  /** What was chosen before the dialog opened. */
  readonly given?: readonly ChosenFile[];
  readonly onClose: () => void;
  /** The version that was made, and the folder of it that the files went to. */
  readonly onDone?: (made: UploadView, folder: string) => void;
}

/** The dialog. */
export function UploadDialog({ place, given = [], onClose, onDone }: UploadDialogProps): JSX.Element {
  const { team, experiment } = place;
  const isNew = place.name === undefined || place.type === undefined;
  const [fields, setFields] = useState({
    name: place.name ?? "",
    type: place.type ?? "",
    // Where one looks is where one means.
    folder: place.tab === "files" ? folderOf(place) : "",
    message: "",
    tags: "",
  });
  const [files, setFiles] = useState<readonly ChosenFile[]>(given);
  const [progress, setProgress] = useState<UploadProgress>();
  const stop = useRef(new AbortController());
  const set = (field: keyof typeof fields) => (value: string) => setFields({ ...fields, [field]: value });
  const { name, type } = fields;
  const upload = async (): Promise<void> => {
    const plan = { ...fields, files, artifact: { team, experiment, type, name }, tags: wordsOf(fields.tags) };
    try {
      const made = await uploadFiles(plan, setProgress, stop.current.signal);
      say(made.changed ? `${name} ${made.version} is here` : `${name} has this content already: it is ${made.version}`);
      onDone?.(made, fields.folder.split("/").filter(Boolean).join("/"));
    } finally {
      setProgress(undefined);
    }
  };
  return (
    <Dialog
      title={isNew ? "Upload a new artifact" : `Upload to ${name}`}
      verb="Upload"
      isReady={files.length > 0 && name !== "" && type !== ""}
      onDone={upload}
      onClose={() => {
        stop.current.abort();
        onClose();
      }}
    >
      {isNew && (
        <div class="field-pair">
          <Field label="Name" value={name} onInput={set("name")} />
          <Field label="Type" value={type} placeholder="dataset" onInput={set("type")} />
        </div>
      )}
      <Choice files={files} onChosen={setFiles} />
      <Field label="Into the folder" value={fields.folder} placeholder="the top" onInput={set("folder")} />
      <Field label="Message" value={fields.message} onInput={set("message")} />
      <Field label="Tags, with spaces between" value={fields.tags} onInput={set("tags")} />
      <p class="soft small">
        Adds to the newest version: what stands at the same paths is replaced, everything else stays.
      </p>
      {progress !== undefined && <Progress progress={progress} files={files} />}
    </Dialog>
  );
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter(Boolean);
}

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
  readonly onInput: (value: string) => void;
}

function Field({ label, value, placeholder, onInput }: FieldProps): JSX.Element {
  return (
    <label class="labelled">
      {label}
      <input
        class="field"
        value={value}
        placeholder={placeholder}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </label>
  );
}

interface ChoiceProps {
  readonly files: readonly ChosenFile[];
  readonly onChosen: (files: readonly ChosenFile[]) => void;
}

/** A place to drop files on, with buttons that choose them. */
function Choice({ files, onChosen }: ChoiceProps): JSX.Element {
  const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
  const { isOver, handlers } = useDrop((transfer) => void filesOfDrop(transfer).then(onChosen));
  const onInput = ({ currentTarget }: { readonly currentTarget: HTMLInputElement }): void => {
    onChosen(filesOfInput(currentTarget.files ?? []));
  };
  return (
    <fieldset class={isOver ? "drop over" : "drop"} {...handlers}>
      <legend class="unseen">What to upload</legend>
      <p>Drop files or a folder here, or choose</p>
      <div class="actions">
        <label class="button">
          Files
          <input class="unseen" type="file" multiple onInput={onInput} />
        </label>
        <label class="button">
          A folder
          <input class="unseen" type="file" {...{ webkitdirectory: true }} onInput={onInput} />
        </label>
      </div>
      {files.length > 0 && (
        <p class="small" aria-live="polite">
          <b>{counted(files.length, "file")}</b>, {size(bytes)}:{" "}
          <span class="soft name">
            {files
              .slice(0, 4)
              .map(({ path }) => plainly(path))
              .join(", ")}
            {files.length > 4 && " …"}
          </span>
        </p>
      )}
    </fieldset>
  );
}

function Progress({ progress, files }: { progress: UploadProgress; files: readonly ChosenFile[] }): JSX.Element {
  const all = files.reduce((sum, { file }) => sum + file.size, 0);
  const share = all === 0 ? progress.files / files.length : progress.bytes / all;
  return (
    <div class="stack">
      <progress max={1} value={share} aria-label="Uploaded" />
      <p class="small name" aria-live="off">
        {count(progress.files)}/{count(files.length)}, {Math.round(share * 100)} %, {plainly(progress.path)}
      </p>
    </div>
  );
}
