import { copyLine } from "./copy-lines.ts";
import type { ProgressEvent, ReportProgress } from "./events.ts";
import { LiveArea } from "./live-area.ts";
import { MotionView } from "./motion.ts";
import { count, cutTo, formatBytes, formatSeconds, nameSome } from "../wording/format.ts";

export const PROGRESS_MODES = ["auto", "tty", "plain", "json", "quiet"] as const;
export type ProgressMode = (typeof PROGRESS_MODES)[number];

/** Where progress is shown: standard error, always, since results go to standard output. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

/** A reporter, and a way to leave the terminal tidy before something else is printed. */
export interface Reporter {
  readonly report: ReportProgress;
  finish(): void;
}

/** Milliseconds between two redraws of the lines that move, and between two of their events. */
const REDRAW_INTERVAL = 100;
/** Lines of a terminal that are left to what has scrolled by. */
const ROWS_KEPT = 3;
const USUAL_ROWS = 24;
const USUAL_COLUMNS = 80;
/** Events of which there may be thousands a second. */
const FREQUENT: ReadonlySet<ProgressEvent["kind"]> = new Set(["bytes", "moving"]);
type Finished = Extract<ProgressEvent, { kind: "finished" }>;

const NAMES_SHOWN = 3;
/** Lines of many, that a terminal's width may cut. */
const CUT: ReadonlySet<ProgressEvent["kind"]> = new Set([
  "layer",
  "placed",
  "blob",
  "checked",
  "compared",
]);
/** Lines that sum up. */
const LAST: ReadonlySet<ProgressEvent["kind"]> = new Set(["finished", "pushed", "copied"]);

export function createReporter(mode: ProgressMode, stream: ProgressStream): Reporter {
  switch (mode === "auto" ? modeFor(stream) : mode) {
    case "tty":
      return terminalReporter(stream);
    case "json":
      return jsonReporter(stream);
    case "quiet":
      return { report: () => {}, finish: () => {} };
    default:
      return plainReporter(stream);
  }
}

/** A terminal without a width is a pseudo-terminal that nobody looks at, as in a Nix build. */
function modeFor({ isTTY, columns = 0 }: ProgressStream): ProgressMode {
  return isTTY === true && columns > 0 ? "tty" : "plain";
}

function plainReporter(stream: ProgressStream): Reporter {
  return {
    report: (event) => {
      const line = lineFor(event);
      if (line !== undefined) stream.write(`${line}\n`);
    },
    finish: () => {},
  };
}

/** Every event a line; of those that come often, a few a second of each layer. */
function jsonReporter(stream: ProgressStream): Reporter {
  const last = new Map<string, number>();
  const report: ReportProgress = (event) => {
    if (FREQUENT.has(event.kind)) {
      const key = `${event.kind} ${"index" in event ? event.index : ""}`;
      const now = performance.now();
      if (now - (last.get(key) ?? -REDRAW_INTERVAL) < REDRAW_INTERVAL) return;
      last.set(key, now);
    }
    stream.write(`${JSON.stringify(event)}\n`);
  };
  return { report, finish: () => {} };
}

function terminalReporter(stream: ProgressStream): Reporter {
  const area = new LiveArea(stream);
  const motion = new MotionView();
  const moving = (now: number): string[] => {
    const rows = (stream.rows ?? 0) > 0 ? stream.rows! : USUAL_ROWS;
    const width = stream.columns ?? USUAL_COLUMNS;
    return motion.lines(now, width, Math.max(1, rows - ROWS_KEPT)).map((line) => styled(DIM, line));
  };
  let lastDraw = -REDRAW_INTERVAL;
  const report: ReportProgress = (event) => {
    const now = performance.now();
    motion.take(event, now);
    if (LAST.has(event.kind)) area.clear();
    const line = lineFor(event);
    if (line === undefined) {
      if (!FREQUENT.has(event.kind) || now - lastDraw < REDRAW_INTERVAL) return;
      lastDraw = now;
      area.draw(moving(now));
      return;
    }
    const cut = CUT.has(event.kind) ? cutTo(line, stream.columns ?? USUAL_COLUMNS) : line;
    if (LAST.has(event.kind)) stream.write(`${styled(BOLD, cut)}\n`);
    else area.draw(moving(now), cut);
  };
  return {
    report,
    finish: () => {
      area.clear();
    },
  };
}

const BOLD = 1;
const DIM = 2;

/** Not by `styleText`, which opens standard output to ask what it can show. */
function styled(style: number, text: string): string {
  const { NO_COLOR: plain = "" } = process.env;
  return plain === "" ? `\u001b[${style}m${text}\u001b[0m` : text;
}

function lineFor(event: ProgressEvent): string | undefined {
  switch (event.kind) {
    case "started":
      return `${event.image === "" ? "image" : event.image}: ${count(event.layers, "layer")}`;
    case "layer": {
      if (!event.sent) return undefined;
      const position = positionOf(event);
      const size = formatBytes(event.size).padStart(8);
      const how = event.remembered ? "known " : "packed";
      return `${position} ${size}  ${how}  ${nameSome(event.paths, NAMES_SHOWN)}`;
    }
    case "placed":
      return placedLine(event);
    case "pushed":
      return pushedLine(event);
    case "copying":
    case "blob":
    case "copied":
      return copyLine(event);
    case "checked":
      return event.isRight ? undefined : `${positionOf(event)} layer ${event.digest} is not right`;
    case "compared":
      return event.same
        ? undefined
        : `${positionOf(event)} another  ${nameSome(event.paths, NAMES_SHOWN)}`;
    case "ahead":
    case "moving":
    case "bytes":
      return undefined;
    case "note":
      return event.message;
    case "finished": {
      const image = event.image === "" ? "image" : event.image;
      const what = `${image}: ${count(event.layers, "layer")}, ${formatBytes(event.size)}`;
      const time = `in ${formatSeconds(event.seconds)}`;
      if (event.known === undefined)
        return `${what}, ${formatBytes(event.written)} written ${time}`;
      return `${what}; ${sparing(event, event.known)}, ${time}`;
    }
  }
}

/** `  3/12`. */
function positionOf({ index, of }: { readonly index: number; readonly of: number }): string {
  return `${index + 1}/${of}`.padStart(7);
}

function placedLine(event: Extract<ProgressEvent, { kind: "placed" }>): string | undefined {
  const { size, way, sent, seconds, paths } = event;
  if (way === "present") return undefined;
  const how =
    sent === undefined
      ? `would be ${way}`
      : way === "mounted"
        ? "mounted"
        : `sent ${formatBytes(sent)}, ${formatBytes(sent / Math.max(0.001, seconds))}/s`;
  const position = positionOf(event);
  return `${position} ${formatBytes(size).padStart(8)}  ${how}  ${nameSome(paths, NAMES_SHOWN)}`;
}

function pushedLine(event: Extract<ProgressEvent, { kind: "pushed" }>): string {
  const { image, layers, sentLayers, size, written, seconds, dryRun } = event;
  const what = `${image}: ${count(layers, "layer")}, ${formatBytes(size)}`;
  if (dryRun) return `${what}; ${count(sentLayers, "layer")} would be sent`;
  const sent =
    sentLayers === 0
      ? "no layer sent, the registry has them all"
      : `${count(sentLayers, "layer")} sent, ${formatBytes(written)}`;
  return `${what}; ${sent}, in ${formatSeconds(seconds)}`;
}

/** What went to a destination that was asked what it has. */
function sparing(event: Finished, known: number): string {
  const { layers, size, written, secondTry, knownTo } = event;
  const [verb, there] =
    knownTo === "layout" ? ["written", "there already"] : ["sent", "known to the engine"];
  if (written === 0) return `nothing ${verb}, all ${there}`;
  const percent = (100 * written) / Math.max(1, size);
  const share = percent.toFixed(percent < 0.1 ? 2 : 1);
  const sent = `${count(layers - known, "layer")} ${verb}, ${formatBytes(written)} (${share} %)`;
  if (secondTry !== undefined) return `${sent} in two tries`;
  return known === 0 ? sent : `${sent}, ${known} ${there}`;
}
