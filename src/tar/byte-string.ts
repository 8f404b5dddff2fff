/**
 * File names are bytes, not text. A *byte string* is a JavaScript string with one character per
 * byte (latin1), so that names which are not UTF-8 survive. ASCII names look like themselves.
 */
export type ByteString = string;

const ASCII_ONLY = /^[\0-\x7f]*$/;

/** Whether all bytes are below 0x80. */
export function isAscii(text: ByteString): boolean {
  return ASCII_ONLY.test(text);
}

/** UTF-8 text as a byte string. */
export function byteStringOf(text: string): ByteString {
  return isAscii(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

/** A byte string as text for messages: UTF-8 where it is, U+FFFD where it is not. */
export function displayText(name: ByteString): string {
  return isAscii(name) ? name : Buffer.from(name, "latin1").toString("utf8");
}

/** A byte string as a path that Node.js file calls take without changing a byte. */
export function fileSystemPath(path: ByteString): string | Buffer {
  return isAscii(path) ? path : Buffer.from(path, "latin1");
}

/** Whether the bytes are valid UTF-8. */
export function isUtf8(name: ByteString): boolean {
  if (isAscii(name)) return true;
  const bytes = Buffer.from(name, "latin1");
  return Buffer.from(bytes.toString("utf8"), "utf8").equals(bytes);
}

/**
 * Compares two names as CPython compares `str` made by the file system: by code point, each byte
 * that is not UTF-8 standing for U+DC80…U+DCFF (surrogateescape, PEP 383).
 * For ASCII, and for UTF-8 throughout, this is the order of the bytes.
 */
export function compareNames(a: ByteString, b: ByteString): number {
  if (a === b) return 0;
  if ((isAscii(a) && isAscii(b)) || (isUtf8(a) && isUtf8(b))) return a < b ? -1 : 1;
  const left = pythonCodePoints(a);
  const right = pythonCodePoints(b);
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    if (left[index] !== right[index]) return left[index]! - right[index]!;
  }
  return left.length - right.length;
}

/** Names in the order of `compareNames`; when all are ASCII, as nearly always, much faster. */
export function sortedNames(names: readonly ByteString[]): ByteString[] {
  return names.every(isAscii) ? names.toSorted() : names.toSorted(compareNames);
}

/** The code points of CPython's `str` for this name (PEP 383). */
export function pythonCodePoints(name: ByteString): number[] {
  const points: number[] = [];
  let at = 0;
  while (at < name.length) {
    const length = utf8SequenceLength(name, at);
    if (length === 0) {
      points.push(0xdc00 + name.charCodeAt(at));
      at += 1;
    } else {
      const sequence = Buffer.from(name.slice(at, at + length), "latin1").toString("utf8");
      points.push(sequence.codePointAt(0)!);
      at += length;
    }
  }
  return points;
}

/** Length in bytes of the UTF-8 sequence at `at`; 0 when there is none (RFC 3629, section 4). */
function utf8SequenceLength(name: ByteString, at: number): number {
  const first = name.charCodeAt(at);
  if (first < 0x80) return 1;
  let length: number;
  let low = 0x80;
  let high = 0xbf;
  if (first >= 0xc2 && first <= 0xdf) length = 2;
  else if (first >= 0xe0 && first <= 0xef) {
    length = 3;
    if (first === 0xe0) low = 0xa0;
    if (first === 0xed) high = 0x9f;
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4;
    if (first === 0xf0) low = 0x90;
    if (first === 0xf4) high = 0x8f;
  } else return 0;
  if (at + length > name.length) return 0;
  for (let index = 1; index < length; index += 1) {
    const unit = name.charCodeAt(at + index);
    if (unit < low || unit > high) return 0;
    low = 0x80;
    high = 0xbf;
  }
  return length;
}
