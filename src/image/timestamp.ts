import { UsageError } from "../errors.ts";

/** A point in time as configs and archives need it. */
export interface Timestamp {
  /** Whole seconds since 1970. */
  readonly seconds: number;
  /** As CPython's `datetime.isoformat()` writes it: `1970-01-01T00:00:01+00:00`. */
  readonly text: string;
}

const PATTERN =
  /^(\d{4})-?(\d{2})-?(\d{2})(?:[T ](\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?)?(Z|[+-]\d{2}(?::?\d{2}(?::?\d{2})?)?)?)?$/;

/**
 * Parses `now`, or an ISO 8601 date with or without time and offset; without an offset it is UTC
 * for the seconds and is written without one, as CPython does.
 *
 * @param what the option or key it stands for, for the error
 * @throws UsageError
 */
export function parseTimestamp(text: string, what: string, now: Date = new Date()): Timestamp {
  if (text === "now") return fromDate(now);
  const match = PATTERN.exec(text);
  if (match === null) bad(text, what);
  const [, year, month, day, hour = "00", minute = "00", second = "00", fraction, zone] = match;
  const offset = zone === undefined ? "" : offsetOf(zone);
  const utc = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  const local = new Date(utc);
  const same = local.getUTCMonth() === Number(month) - 1 && local.getUTCDate() === Number(day);
  if (!same || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) bad(text, what);
  const micros = fraction === undefined ? "" : fraction.slice(0, 6).padEnd(6, "0");
  return {
    seconds: utc / 1000 - secondsOf(offset),
    text: `${year}-${month}-${day}T${hour}:${minute}:${second}${dotted(micros)}${offset}`,
  };
}

/** Whole seconds since 1970, as `SOURCE_DATE_EPOCH` gives them. */
export function timestampOfSeconds(seconds: number): Timestamp {
  const text = new Date(seconds * 1000).toISOString().replace(/\.000Z$/, "+00:00");
  return { seconds, text };
}

function fromDate(date: Date): Timestamp {
  const text = date
    .toISOString()
    .replace(/\.(\d{3})Z$/, (_, ms: string) => `${dotted(`${ms}000`)}+00:00`);
  return { seconds: Math.floor(date.getTime() / 1000), text };
}

/** CPython leaves the fraction out when it is zero. */
function dotted(micros: string): string {
  return micros === "" || Number(micros) === 0 ? "" : `.${micros}`;
}

function offsetOf(zone: string): string {
  if (zone === "Z") return "+00:00";
  const digits = zone.slice(1).replaceAll(":", "").padEnd(4, "0");
  const seconds = digits.length > 4 ? `:${digits.slice(4)}` : "";
  return `${zone[0]}${digits.slice(0, 2)}:${digits.slice(2, 4)}${seconds === ":00" ? "" : seconds}`;
}

function secondsOf(offset: string): number {
  if (offset === "") return 0;
  const [hours, minutes, seconds = "0"] = offset.slice(1).split(":");
  const value = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return offset.startsWith("-") ? -value : value;
}

function bad(text: string, what: string): never {
  throw new UsageError(`${what} "${text}" is not a date`, {
    hint: 'give an ISO 8601 date such as 2026-01-31T12:00:00Z, or "now"',
  });
}
