/**
 * Plots as SVG: for each step a panel with a dot for each contender on a logarithmic scale, for the slowest may take a
 * thousand times as long as the fastest. Colours follow the reader's light or dark setting.
 */

const ROW = 20;
const LEFT = 150;
const WIDTH = 760;
const RIGHT = 90;
const HEAD = 34;
const GAP = 22;

const STYLE = `
  svg { color-scheme: light dark; font: 12px system-ui, sans-serif; }
  text { fill: #1f2328; } .quiet { fill: #59636e; } .grid { stroke: #d1d9e0; } .row { stroke: #eff2f5; }
  .dot { fill: #6e7781; } .own { fill: #0969da; } .wasm { fill: none; stroke: #0969da; stroke-width: 2; }
  .limit { stroke: #bc4c00; stroke-width: 1.5; stroke-dasharray: 4 3; } .limit-text { fill: #bc4c00; } .name-own { font-weight: 600; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .quiet { fill: #9198a1; } .grid { stroke: #3d444d; } .row { stroke: #21262d; }
    .dot { fill: #9198a1; } .own { fill: #4493f8; } .wasm { stroke: #4493f8; } .limit { stroke: #f0883e; } .limit-text { fill: #f0883e; }
  }`;

/**
 * Draws panels one below another.
 *
 * @param panels `{ title, unit, limit: { name, value } | undefined, points: { name, value }[] }`
 */
export function plot(title, panels) {
  const shown = panels.filter(({ points }) => points.length > 0);
  const height = GAP + shown.reduce((sum, panel) => sum + heightOf(panel), HEAD);
  let top = HEAD;
  const drawn = shown.map((panel) => {
    const at = top;
    top += heightOf(panel);
    return drawPanel(panel, at);
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>${escaped(title)}</title>
<style>${STYLE}
</style>
<text x="8" y="20" font-size="15" font-weight="600">${escaped(title)}</text>
${drawn.join("\n")}
</svg>
`;
}

function heightOf({ points }) {
  return HEAD + points.length * ROW + GAP;
}

function drawPanel({ title, unit, limit, points }, top) {
  const values = [...points.map(({ value }) => value), ...(limit === undefined ? [] : [limit.value])];
  const scale = logScale(Math.min(...values), Math.max(...values));
  const rowsTop = top + HEAD;
  const bottom = rowsTop + points.length * ROW;
  const sorted = points.toSorted((one, other) => one.value - other.value);
  return [
    `<text x="8" y="${top + 20}" font-weight="600">${escaped(title)}</text>`,
    ...scale.ticks.map((tick) => {
      const x = scale.at(tick).toFixed(1);
      return `<line class="grid" x1="${x}" x2="${x}" y1="${rowsTop - 4}" y2="${bottom}"/><text class="quiet" x="${x}" y="${bottom + 13}" text-anchor="middle" font-size="11">${label(tick)} ${unit}</text>`;
    }),
    ...sorted.map((point, index) => drawPoint(point, rowsTop + (index + 0.5) * ROW, scale, unit)),
    ...(limit === undefined ? [] : [drawLimit(limit, scale, rowsTop, bottom)]),
  ].join("\n");
}

function drawPoint({ name, value }, y, scale, unit) {
  const x = scale.at(value).toFixed(1);
  const isOwn = name.startsWith("artifold");
  const kind = name === "artifold" ? "own" : isOwn ? "wasm" : "dot";
  return [
    `<line class="row" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/>`,
    `<text x="${LEFT - 10}" y="${y + 4}" text-anchor="end"${isOwn ? ' class="name-own"' : ""}>${escaped(name)}</text>`,
    `<circle class="${kind}" cx="${x}" cy="${y}" r="5"/>`,
    `<text class="quiet" x="${WIDTH - RIGHT + 8}" y="${y + 4}">${label(value)} ${unit}</text>`,
  ].join("");
}

function drawLimit({ name, value }, scale, top, bottom) {
  const x = scale.at(value).toFixed(1);
  return `<line class="limit" x1="${x}" x2="${x}" y1="${top - 6}" y2="${bottom}"/><text class="limit-text" x="${x}" y="${top - 9}" text-anchor="middle" font-size="11">${escaped(name)}</text>`;
}

/** From a power of ten to a power of ten. */
function logScale(least, most) {
  const from = Math.floor(Math.log10(least));
  const to = Math.max(from + 1, Math.ceil(Math.log10(most)));
  const width = WIDTH - RIGHT - LEFT - 20;
  return {
    ticks: Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index)),
    at: (value) => LEFT + 10 + ((Math.log10(value) - from) / (to - from)) * width,
  };
}

/** A number in three digits, as it is written by hand. */
function label(value) {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
