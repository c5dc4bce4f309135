/** How an artifact grows from version to version: size, files, new bytes, and those that took no room. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { ArtifactParams, ArtifactView, ChartPoint } from "../../client/index.ts";
import { drawLine } from "../drawing/line-chart.ts";
import { Awaited } from "../parts/bits.tsx";
import { useLoad } from "../parts/load.ts";
import { count, exactly, size } from "../parts/text.ts";
import { useWidth } from "../parts/width.ts";
import { revisionOf } from "../shell/live.ts";
import { go } from "../shell/navigation.ts";
import { type ExperimentPlace, hrefOf } from "../shell/routes.ts";
import { client, loginRevision } from "../shell/session.ts";

const ARTIFACTS_SHOWN = 1000;
const POINTS = 10_000;
const HEIGHT_PX = 132;
/** Below the line: the first and the last version. */
const AXIS_PX = 18;

type Measure = "bytes" | "files" | "newBytes" | "sharedBytes";

const MEASURES: readonly {
  readonly measure: Measure;
  readonly label: string;
  readonly text: (value: number) => string;
}[] = [
  { measure: "bytes", label: "Size", text: size },
  { measure: "files", label: "Files", text: count },
  { measure: "newBytes", label: "New bytes", text: size },
  { measure: "sharedBytes", label: "Stored already, or repeated", text: size },
];

/** The charts of one artifact of an experiment, which can be chosen. */
export function ExperimentChart(props: { readonly place: ExperimentPlace; readonly artifact?: string }): JSX.Element {
  const { place, artifact } = props;
  const query = { team: place.team, experiment: place.experiment, limit: ARTIFACTS_SHOWN };
  const artifacts = useLoad(
    `artifacts/${JSON.stringify(query)}/${loginRevision.value}`,
    (signal) => client.call("artifacts", { query, signal }),
    revisionOf(place),
  );
  return (
    <section class="part" aria-labelledby="growth">
      <Awaited of={artifacts} what="artifacts">
        {({ items }) => {
          const chosen = items.find((each) => keyOf(each) === artifact) ?? mostVersions(items);
          return (
            <>
              <div class="part-head">
                <h2 id="growth">How artifacts grow</h2>
                {chosen !== undefined && <Chooser {...{ place, items, chosen }} />}
              </div>
              {chosen === undefined ? <p class="soft">No artifacts yet.</p> : <Charts artifact={chosen} />}
            </>
          );
        }}
      </Awaited>
    </section>
  );
}

function keyOf({ type, name }: Pick<ArtifactView, "type" | "name">): string {
  return `${type}/${name}`;
}

function mostVersions(items: readonly ArtifactView[]): ArtifactView | undefined {
  return items.reduce<ArtifactView | undefined>(
    (most, each) => (each.versions > (most?.versions ?? -1) ? each : most),
    undefined,
  );
}

interface ChooserProps {
  readonly place: ExperimentPlace;
  readonly items: readonly ArtifactView[];
  readonly chosen: ArtifactView;
}

function Chooser({ place, items, chosen }: ChooserProps): JSX.Element {
  return (
    <select
      class="field chooser"
      aria-label="Artifact"
      value={keyOf(chosen)}
      onInput={(event) => go({ page: "chart", ...place, artifact: event.currentTarget.value })}
    >
      {[...Map.groupBy(items, ({ type }) => type)].map(([type, own]) => (
        <optgroup key={type} label={type}>
          {own.map((each) => (
            <option key={each.id} value={keyOf(each)}>
              {each.name} ({each.latest ?? "none"})
            </option>
          ))}
        </optgroup>
      ))}
    </select>
  );
}

/** Four charts over the same versions. What is pointed at in one is shown in all. */
function Charts({ artifact }: { readonly artifact: ArtifactParams }): JSX.Element {
  const { team, experiment, type, name } = artifact;
  const params = { team, experiment, type, name };
  const [at, setAt] = useState<number>();
  const chart = useLoad(
    `chart/${JSON.stringify(params)}/${loginRevision.value}`,
    (signal) => client.call("chart", { params, query: { limit: POINTS }, signal }),
    revisionOf(params),
  );
  const open = (point: ChartPoint | undefined): void => {
    if (point !== undefined) go({ page: "artifacts", ...params, version: point.version, tab: "overview" });
  };
  return (
    <Awaited of={chart} what="chart">
      {({ items }) => (
        <>
          <div class="charts">
            {MEASURES.map((each) => (
              <Chart key={each.measure} {...each} points={items} at={at} onPoint={setAt} onOpen={open} />
            ))}
          </div>
          <ChartTable points={items} artifact={artifact} />
        </>
      )}
    </Awaited>
  );
}

interface ChartProps {
  readonly measure: Measure;
  readonly label: string;
  readonly text: (value: number) => string;
  readonly points: readonly ChartPoint[];
  readonly at: number | undefined;
  readonly onPoint: (index: number | undefined) => void;
  readonly onOpen: (point: ChartPoint | undefined) => void;
}

function Chart({ measure, label, text, points, at, onPoint, onOpen }: ChartProps): JSX.Element {
  const box = useRef<HTMLElement>(null);
  const width = useWidth(box);
  const values = points.map((point) => point[measure]);
  const drawing = drawLine({ values, isBytes: measure !== "files", width, height: HEIGHT_PX });
  const shown = at ?? points.length - 1;
  const point = points[shown];
  const mark = drawing.pointAt(shown);
  const indexOf = (event: PointerEvent | MouseEvent): number => {
    const left = box.current?.getBoundingClientRect().left ?? 0;
    return drawing.indexAt(event.clientX - left);
  };
  return (
    <figure class="chart">
      <figcaption>
        <span>{label}</span>
        <b>{point === undefined ? "" : text(point[measure])}</b>
        <span class="soft">{point?.version}</span>
      </figcaption>
      <span ref={box} class="chart-place">
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: the table below has a link for every version */}
        <svg
          width={width}
          height={HEIGHT_PX + AXIS_PX}
          role="img"
          aria-label={`${label} from ${points[0]?.version} to ${points.at(-1)?.version}: a table follows`}
          onPointerMove={(event) => onPoint(indexOf(event))}
          onPointerLeave={() => onPoint(undefined)}
          onClick={(event) => onOpen(points[indexOf(event)])}
        >
          <path class="chart-grid" d={`M0 1H${width}M0 ${HEIGHT_PX / 2}H${width}M0 ${HEIGHT_PX}H${width}`} />
          <path class="chart-area" d={drawing.area} />
          <path class="chart-line" d={drawing.line} />
          {point !== undefined && <circle class="chart-mark" cx={mark.x} cy={mark.y} r={3.5} />}
          <text class="chart-text" x={2} y={13}>
            {text(drawing.top)}
          </text>
          <text class="chart-text" x={0} y={HEIGHT_PX + AXIS_PX - 2}>
            {points[0]?.version}
          </text>
          {points.length > 1 && (
            <text class="chart-text last" x={width} y={HEIGHT_PX + AXIS_PX - 2}>
              {points.at(-1)?.version}
            </text>
          )}
        </svg>
      </span>
    </figure>
  );
}

const TABLE_ROWS = 100;

function ChartTable({ points, artifact }: { points: readonly ChartPoint[]; artifact: ArtifactParams }): JSX.Element {
  const { team, experiment, type, name } = artifact;
  return (
    <details class="as-table">
      <summary>As a table</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
      <section class="table-box" tabIndex={0} aria-label="Versions">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">Created</th>
              {MEASURES.map(({ label }) => (
                <th key={label} scope="col" class="number">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {points
              .slice(-TABLE_ROWS)
              .reverse()
              .map((point) => (
                <tr key={point.number}>
                  <td>
                    <a href={hrefOf({ page: "artifacts", team, experiment, type, name, version: point.version })}>
                      {point.version}
                    </a>
                  </td>
                  <td class="tight">{exactly(point.createdAt)}</td>
                  {MEASURES.map(({ measure, text }) => (
                    <td key={measure} class="number">
                      {text(point[measure])}
                    </td>
                  ))}
                </tr>
              ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}
