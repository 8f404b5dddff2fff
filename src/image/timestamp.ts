import { UsageError } from "../errors.ts";

/** A point in time as configs and archives need it. */
export interface Timestamp {
  /** Whole seconds since 1970. */
  readonly seconds: number;
  /** As CPython's `datetime.isoformat()` writes it: `1970-01-01T00:00:01+00:00`. */
  readonly text: string;
}

const PATTERN =
  /^(?<year>\d{4})(?<dash>-?)(?<month>\d\d)\k<dash>(?<day>\d\d)(?:[T ](?<hour>\d\d)(?:(?<colon>:?)(?<minute>\d\d)(?:\k<colon>(?<second>\d\d)(?:[.,](?<fraction>\d+))?)?)?(?<zone>Z|[+-].*)?)?$/;
const ZONE = /^([+-])(\d\d)(?::?(\d\d))?$/;

/**
 * Parses `now`, or an ISO 8601 date with or without time and offset: to what CPython's
 * `datetime.fromisoformat` makes of it, except that without an offset it is UTC and is written
 * so, since engines refuse a config whose date has none.
 *
 * @param what the option or key it stands for, for the error
 * @throws UsageError
 */
export function parseTimestamp(text: string, what: string, now: Date = new Date()): Timestamp {
  if (text === "now") return fromDate(now);
  const parts = PATTERN.exec(text)?.groups;
  if (parts === undefined) bad(text, what);
  const { year, month, day, hour = "00", minute = "00", second = "00", fraction = "" } = parts;
  const utc = new Date(0);
  utc.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  utc.setUTCHours(Number(hour), Number(minute), Number(second));
  const plain = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  // A date or time that does not exist, such as 31 February or 24:00, comes out as another one.
  if (Number(year) === 0 || !utc.toISOString().startsWith(plain)) bad(text, what);
  const offset = offsetOf(parts["zone"] ?? "Z");
  if (Number.isNaN(offset)) bad(text, what);
  const micros = fraction.slice(0, 6).padEnd(6, "0");
  const seconds = utc.getTime() / 1000 - offset + Number(micros) / 1e6;
  return {
    // CPython's int(): towards zero. Adding 0 makes 0 of -0.
    seconds: Math.trunc(seconds) + 0,
    text: `${plain}${dotted(micros)}${offsetText(offset)}`,
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
  return Number(micros) === 0 ? "" : `.${micros}`;
}

/** Seconds east of UTC; NaN if it is none, or a day and more. */
function offsetOf(zone: string): number {
  if (zone === "Z") return 0;
  const [, sign, hours, minutes = 0] = ZONE.exec(zone) ?? [];
  if (Number(hours) > 23 || Number(minutes) > 59) return Number.NaN;
  const total = Number(hours) * 3600 + Number(minutes) * 60;
  return sign === "-" ? -total : total;
}

/** `+01:30`. */
function offsetText(offset: number): string {
  const minutes = Math.abs(offset) / 60;
  const digits = [Math.floor(minutes / 60), minutes % 60].map((part) =>
    String(part).padStart(2, "0"),
  );
  return `${offset < 0 ? "-" : "+"}${digits.join(":")}`;
}

function bad(text: string, what: string): never {
  throw new UsageError(`${what} "${text}" is not a date`, {
    hint: 'give an ISO 8601 date such as 2026-01-31T12:00:00Z, or "now"',
  });
}
