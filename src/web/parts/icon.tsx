/** Icons, drawn for a square of 16. They say nothing to a screen reader: their words stand beside them. */
import type { JSX } from "preact";

const paths = {
  flask: "M6 2h4M6.5 2v4L3 13a.8.8 0 0 0 .7 1h8.6a.8.8 0 0 0 .7-1L9.5 6V2M4.6 10h6.8",
  team: "M5.5 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM1.5 13.5c0-2.5 1.7-4 4-4s4 1.5 4 4M10.5 3.3a2.4 2.4 0 0 1 0 4.4M12 9.8c1.5.5 2.5 1.9 2.5 3.7",
  run: "M5 3.5v9l7-4.5z",
  artifact: "M8 2 2.5 13.5h4L8 10zM8 2l5.5 11.5h-4L8 10z",
  folder: "M2 4.5c0-.6.4-1 1-1h3l1.5 1.5H13c.6 0 1 .4 1 1V12c0 .6-.4 1-1 1H3c-.6 0-1-.4-1-1z",
  file: "M4 2h5l3 3v8.2c0 .4-.4.8-.8.8H4.8c-.4 0-.8-.4-.8-.8zM9 2v3h3",
  link: "M6.5 9.5 9.5 6.5M7 5l1.6-1.6a2.5 2.5 0 0 1 3.6 3.6L10.5 8.5M9 11l-1.6 1.6a2.5 2.5 0 0 1-3.6-3.6L5.5 7.5",
  reference: "M7 4H3.5v8.5H12V9M9 3h4v4M13 3 7.5 8.5",
  cross: "m4 4 8 8M12 4l-8 8",
  check: "m3 8.5 3.2 3L13 4.5",
  copy: "M5.5 5.5V3h7.5v7.5h-2.5M3 5.5h7.5V13H3z",
  download: "M8 2.5v7.5M4.8 7 8 10.2 11.2 7M3 13.2h10",
  upload: "M8 10.5V3M4.8 6 8 2.8 11.2 6M3 13.2h10",
  right: "m6 3.5 4.5 4.5L6 12.5",
  down: "m3.5 6 4.5 4.5L12.5 6",
  left: "M10 3.5 5.5 8l4.5 4.5",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1.5V3M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1M12.6 3.4l-1 1M4.4 11.6l-1 1",
  moon: "M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5Z",
  system: "M2 3.5h12v8H2zM6 14h4M8 11.5V14",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.5 10.5l3 3",
  edit: "m3 13 .7-3L10.5 3.2l2.3 2.3L6 12.3z",
  trash: "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9",
  restore: "M3 8a5 5 0 1 0 1.6-3.7M3 2.5v3h3",
  tag: "M2.5 8.2V3h5.2l5.8 5.8-5 5zM5.2 5.7v.1",
  plus: "M8 3v10M3 8h10",
  key: "M9.5 9.5a3.5 3.5 0 1 0-3-3L2 11v3h3v-2h2v-2z",
} as const;

/** Name of an icon. */
export type IconName = keyof typeof paths;

/** An icon as large as the text around it. */
export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
