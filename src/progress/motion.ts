import { cutTo, formatBytes, formatSeconds, nameSome } from "../wording/format.ts";
import type { ProgressEvent } from "./events.ts";

type Moving = Extract<ProgressEvent, { kind: "moving" }>;

interface Motion {
  readonly began: number;
  readonly event: Moving;
}

/** Milliseconds after which a layer gets a line of its own: most are done before. */
const SLOW = 300;
/** Milliseconds whose bytes count for the rate: it follows a network that changes, calmly. */
const RATE_WINDOW = 5000;
/** Seconds too few to tell a rate by. */
const TOO_SHORT = 0.3;
/** Share of the bytes after which the rate says something of the rest: small layers come first. */
const TELLING_SHARE = 0.04;
/** Narrower terminals get no bar. */
const BAR_FROM_WIDTH = 72;
const BAR_LENGTH = 16;
const NAMES_SHOWN = 3;

/** What is under way, and how fast: the lines that move on a terminal. */
export class MotionView {
  readonly #moving = new Map<number, Motion>();
  /** Bytes of layers that have gone through, and that are still to go, uncompressed. */
  #done = 0;
  #ahead = 0;
  /** Bytes that went to the destination. */
  #written = 0;
  readonly #samples: Array<{ readonly at: number; readonly bytes: number }> = [];

  /** @param now milliseconds, from any beginning */
  take(event: ProgressEvent, now: number): void {
    switch (event.kind) {
      case "ahead":
        this.#ahead += event.bytes;
        break;
      case "moving":
        this.#move(event, now);
        break;
      case "bytes":
        this.#written = event.written;
        break;
      case "layer":
      case "placed":
      case "blob":
      case "checked":
      case "compared":
        this.#moving.delete(event.index);
        break;
      default:
        return;
    }
    const last = this.#samples.at(-1);
    const bytes = this.#bytes;
    if (last !== undefined && now - last.at < 100 && this.#samples.length > 1) {
      this.#samples[this.#samples.length - 1] = { at: last.at, bytes };
    } else this.#samples.push({ at: now, bytes });
    while (this.#samples.length > 2 && now - this.#samples[0]!.at > RATE_WINDOW) {
      this.#samples.shift();
    }
  }

  /** The lines as they stand now: slow layers, longest under way first, and the total. */
  lines(now: number, width: number, most: number): string[] {
    const slow = [...this.#moving.values()].filter(({ began }) => now - began >= SLOW);
    const room = Math.max(0, most - 1);
    const shown = slow.length > room ? slow.slice(0, Math.max(0, room - 1)) : slow;
    const hidden = slow.length - shown.length;
    return [
      ...shown.map((motion) => movingLine(motion, now, width)),
      ...(hidden > 0 && room > 0 ? [`        and ${hidden} more`] : []),
      ...this.#totalLine(now),
    ].map((line) => cutTo(line, width - 1));
  }

  #move(event: Moving, now: number): void {
    const before = this.#moving.get(event.index);
    this.#done += event.done - (before?.event.done ?? 0);
    this.#moving.set(event.index, { began: before?.began ?? now, event });
    if (event.done === event.total) this.#moving.delete(event.index);
  }

  /** What the rate is of: content where that is told, else what was written. */
  get #bytes(): number {
    return this.#done > 0 ? this.#done : this.#written;
  }

  #totalLine(now: number): string[] {
    const bytes = this.#bytes;
    if (bytes === 0) return [];
    const first = this.#samples[0];
    const seconds = first === undefined ? 0 : (now - first.at) / 1000;
    const rate = seconds < TOO_SHORT ? 0 : (bytes - first!.bytes) / seconds;
    const isPart = this.#done > 0 && this.#ahead >= this.#done;
    const whole = isPart
      ? `${formatBytes(bytes)} of ${formatBytes(this.#ahead)}`
      : formatBytes(bytes);
    const left = this.#ahead - bytes;
    const isTelling = isPart && rate > 0 && left > 0 && bytes / this.#ahead >= TELLING_SHARE;
    return [
      [
        `  ${whole}${this.#done > 0 ? "" : " written"}`,
        ...(rate > 0 ? [`${formatBytes(rate)}/s`] : []),
        ...(isTelling ? [`${roughly(left / rate)} left`] : []),
        ...(this.#done > 0 && this.#written > 0 ? [`${formatBytes(this.#written)} sent`] : []),
      ].join(", "),
    ];
  }
}

/** `    3/12   123 MB  ████████░░░░░░░░  52 %  45.1 MB/s  openssl-3.0.13`. */
function movingLine({ event, began }: Motion, now: number, width: number): string {
  const { index, of, done, total, paths } = event;
  const position = `${index + 1}/${of}`.padStart(7);
  const rate = `${formatBytes((done * 1000) / Math.max(1, now - began))}/s`.padStart(10);
  const size = formatBytes(total ?? done).padStart(8);
  const share = total === undefined || total === 0 ? undefined : Math.min(1, done / total);
  const percent = share === undefined ? "" : `${Math.floor(share * 100)} %`.padStart(6);
  const bar = share === undefined || width < BAR_FROM_WIDTH ? "" : `  ${barOf(share)}`;
  return `${position} ${size}${bar}${percent} ${rate}  ${nameSome(paths, NAMES_SHOWN)}`;
}

function barOf(share: number): string {
  const full = Math.round(share * BAR_LENGTH);
  return "█".repeat(full) + "░".repeat(BAR_LENGTH - full);
}

/** Whole seconds: more would be a promise. */
function roughly(seconds: number): string {
  return seconds < 59.5 ? `${Math.max(1, Math.round(seconds))} s` : formatSeconds(seconds);
}
