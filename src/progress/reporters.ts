import { styleText } from "node:util";
import { copyLine } from "./copy-lines.ts";
import type { ProgressEvent, ReportProgress } from "./events.ts";
import { count, cutTo, formatBytes, formatSeconds, nameSome } from "../wording/format.ts";

export const PROGRESS_MODES = ["auto", "tty", "plain", "json", "quiet"] as const;
export type ProgressMode = (typeof PROGRESS_MODES)[number];

/** Where progress is shown: standard error, always, since results go to standard output. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** A reporter, and a way to leave the terminal tidy before something else is printed. */
export interface Reporter {
  readonly report: ReportProgress;
  finish(): void;
}

/** Milliseconds between two redraws of the line that moves. */
const REDRAW_INTERVAL = 100;
type Finished = Extract<ProgressEvent, { kind: "finished" }>;

const NAMES_SHOWN = 3;
/** Lines of many, that a terminal's width may cut. */
const CUT: ReadonlySet<ProgressEvent["kind"]> = new Set(["layer", "placed", "blob"]);
/** Lines that sum up. */
const LAST: ReadonlySet<ProgressEvent["kind"]> = new Set(["finished", "pushed", "copied"]);

export function createReporter(mode: ProgressMode, stream: ProgressStream): Reporter {
  switch (mode === "auto" ? modeFor(stream) : mode) {
    case "tty":
      return terminalReporter(stream);
    case "json":
      return { report: (event) => stream.write(`${JSON.stringify(event)}\n`), finish: () => {} };
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

function terminalReporter(stream: ProgressStream): Reporter {
  const width = stream.columns ?? 80;
  const started = performance.now();
  let drawn = false;
  let lastDraw = -REDRAW_INTERVAL;
  const clear = (): void => {
    if (drawn) stream.write("\r\u001b[2K");
    drawn = false;
  };
  const report: ReportProgress = (event) => {
    if (event.kind === "bytes") {
      const now = performance.now();
      if (now - lastDraw < REDRAW_INTERVAL) return;
      lastDraw = now;
      const rate = event.written / Math.max(0.001, (now - started) / 1000);
      const line = `  ${formatBytes(event.written)} written, ${formatBytes(rate)}/s`;
      stream.write(`\r\u001b[2K${styleText("dim", cutTo(line, width - 1))}`);
      drawn = true;
      return;
    }
    const line = lineFor(event);
    if (line === undefined) return;
    clear();
    const cut = CUT.has(event.kind) ? cutTo(line, width) : line;
    stream.write(`${LAST.has(event.kind) ? styleText("bold", cut) : cut}\n`);
  };
  return { report, finish: clear };
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
