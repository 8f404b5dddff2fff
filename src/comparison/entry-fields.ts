import { displayText } from "../tar/byte-string.ts";
import type { EntryFacts } from "./tar-entries.ts";

/** One thing that two sides say otherwise. */
export interface FieldDifference {
  readonly field: string;
  /** As shown to people; undefined where a side has none. */
  readonly a: string | undefined;
  readonly b: string | undefined;
}

/** How the fields of an entry are shown, in the order in which differences are told. */
const FIELDS: ReadonlyArray<readonly [field: string, show: (entry: EntryFacts) => string]> = [
  ["type", ({ type }) => type],
  ["mode", ({ mode }) => octal(mode)],
  ["uid", ({ uid }) => String(uid)],
  ["gid", ({ gid }) => String(gid)],
  ["uname", ({ uname }) => displayText(uname)],
  ["gname", ({ gname }) => displayText(gname)],
  ["mtime", ({ mtime }) => showTime(mtime)],
  ["size", ({ size }) => String(size)],
  ["link", ({ link }) => displayText(link)],
  ["device", ({ device }) => device],
];

const SHOWN_DIGITS = 12;
const SHOWN_VALUE = 60;

/** In which fields two entries of one path differ; content is told by its digest. */
export function compareEntries(
  a: EntryFacts,
  b: EntryFacts,
  ignore: ReadonlySet<string> = new Set(),
): FieldDifference[] {
  const differences: FieldDifference[] = [];
  const tell = (field: string, left: string | undefined, right: string | undefined): void => {
    if (left !== right && !ignore.has(field)) differences.push({ field, a: left, b: right });
  };
  for (const [field, show] of FIELDS) tell(field, show(a), show(b));
  const [left, right] = [recordsOf(a), recordsOf(b)];
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    tell(key, left.get(key), right.get(key));
  }
  if (a.content !== b.content && a.type === "file" && b.type === "file") {
    tell("content", digits(a.content), digits(b.content));
  }
  // The same place, spelled otherwise.
  if (a.path === b.path) tell("name", displayText(a.name), displayText(b.name));
  return differences;
}

/** `0755`. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

/** Seconds since 1970 as a date, if they are one. */
function showTime(mtime: string): string {
  const seconds = Number(mtime);
  if (!Number.isInteger(seconds) || Math.abs(seconds) > 8e12) return mtime;
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

function recordsOf({ records }: EntryFacts): Map<string, string> {
  return new Map(
    records.map((record) => {
      const equals = record.indexOf("=");
      const value = record.slice(equals + 1);
      return [displayText(record.slice(0, equals)), showValue(value)];
    }),
  );
}

/** Attributes are bytes: those that are no text are shown in hexadecimal. */
function showValue(value: string): string {
  if (/^[\u0020-\u007e]*$/.test(value) && value.length <= SHOWN_VALUE) return value;
  const hex = Buffer.from(value, "latin1").toString("hex");
  return hex.length <= SHOWN_VALUE * 8 ? `0x${hex}` : `${value.length} bytes 0x${hex}`;
}

function digits(content: string): string {
  return content === "" ? "" : `sha256:${content.slice(0, SHOWN_DIGITS)}`;
}
