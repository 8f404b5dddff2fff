/** A series of measured points. */
export interface Series {
  readonly name: string;
  readonly points: ReadonlyArray<readonly [x: number, y: number]>;
}

export interface PlotOptions {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly series: readonly Series[];
}

const WIDTH = 640;
const HEIGHT = 400;
const LEFT = 70;
const RIGHT = 20;
const TOP = 40;
const BOTTOM = 60;
const COLOURS = ["#1b6ca8", "#c8553d", "#4f772d"];

/**
 * An SVG with both axes logarithmic, so that cost which grows linearly is a line of slope one; a
 * dashed line of that slope goes through the last point of each series.
 */
export function plot({ title, x, y, series }: PlotOptions): string {
  const points = series.flatMap((each) => each.points);
  const [left, right] = decades(points.map(([value]) => value));
  const [low, high] = decades(points.map(([, value]) => value));
  const across = (value: number): number =>
    LEFT + ((Math.log10(value) - left) / (right - left)) * (WIDTH - LEFT - RIGHT);
  const up = (value: number): number =>
    HEIGHT - BOTTOM - ((Math.log10(value) - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const marks: string[] = [];
  for (let decade = left; decade <= right; decade += 1) {
    const at = across(10 ** decade);
    marks.push(
      line(at, TOP, at, HEIGHT - BOTTOM, "#ddd"),
      text(at, HEIGHT - BOTTOM + 18, shown(10 ** decade), "middle"),
    );
  }
  for (let decade = low; decade <= high; decade += 1) {
    const at = up(10 ** decade);
    marks.push(
      line(LEFT, at, WIDTH - RIGHT, at, "#ddd"),
      text(LEFT - 8, at + 4, shown(10 ** decade), "end"),
    );
  }
  for (const [index, { name, points: own }] of series.entries()) {
    const colour = COLOURS[index % COLOURS.length]!;
    const path = own.map(([a, b]) => `${across(a).toFixed(1)},${up(b).toFixed(1)}`).join(" ");
    const [lastX, lastY] = own.at(-1)!;
    const start = Math.max(10 ** left, (lastX * 10 ** low) / lastY);
    marks.push(
      line(across(start), up((lastY * start) / lastX), across(lastX), up(lastY), colour, "4 4"),
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...own.map(
        ([a, b]) =>
          `<circle cx="${across(a).toFixed(1)}" cy="${up(b).toFixed(1)}" r="3.5" fill="${colour}"/>`,
      ),
      `<text x="${LEFT + 12}" y="${TOP + 18 * (index + 1)}" fill="${colour}">${name}</text>`,
    );
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${WIDTH / 2}" y="22" text-anchor="middle" font-size="14">${title}</text>`,
    ...marks,
    text(WIDTH / 2, HEIGHT - 16, x, "middle"),
    `<text transform="translate(16 ${HEIGHT / 2}) rotate(-90)" text-anchor="middle">${y}</text>`,
    "</svg>",
    "",
  ].join("\n");
}

/** Whole powers of ten around all values. */
function decades(values: readonly number[]): [number, number] {
  const low = Math.floor(Math.log10(Math.min(...values)));
  return [low, Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))))];
}

function shown(value: number): string {
  if (value >= 1e9) return `${value / 1e9} G`;
  if (value >= 1e6) return `${value / 1e6} M`;
  if (value >= 1e3) return `${value / 1e3} k`;
  return String(Number(value.toPrecision(3)));
}

function line(x1: number, y1: number, x2: number, y2: number, colour: string, dash = ""): string {
  const dashes = dash === "" ? "" : ` stroke-dasharray="${dash}"`;
  const [a, b, c, d] = [x1, y1, x2, y2].map((value) => value.toFixed(1));
  return `<line x1="${a}" y1="${b}" x2="${c}" y2="${d}" stroke="${colour}"${dashes}/>`;
}

function text(x: number, y: number, content: string, anchor: string): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${content}</text>`;
}
