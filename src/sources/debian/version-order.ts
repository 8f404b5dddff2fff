import { VarveError } from "../../errors.ts";

/** A version as deb-version(7) takes it apart. */
interface VersionParts {
  readonly epoch: number;
  readonly upstream: string;
  /** Empty where there is none, which is the same as `0`. */
  readonly revision: string;
}

const LARGEST_EPOCH = 2 ** 31 - 1;

/**
 * Takes a version apart: `[epoch:]upstream[-revision]`.
 *
 * @throws VarveError `DEBIAN_VERSION`
 */
function parseVersion(version: string): VersionParts {
  const colon = version.indexOf(":");
  const epoch = colon === -1 ? "0" : version.slice(0, colon);
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf("-");
  const upstream = dash === -1 ? rest : rest.slice(0, dash);
  const revision = dash === -1 ? "" : rest.slice(dash + 1);
  if (
    !/^\d+$/.test(epoch) ||
    Number(epoch) > LARGEST_EPOCH ||
    !/^[A-Za-z0-9.+~:-]+$/.test(upstream) ||
    !(dash === -1 || /^[A-Za-z0-9.+~]+$/.test(revision))
  ) {
    throw new VarveError("DEBIAN_VERSION", `"${version}" is not a version of a Debian package`, {
      hint: "a version reads [epoch:]upstream[-revision], as in 2:1.4-3 (deb-version(7))",
    });
  }
  return { epoch: Number(epoch), upstream, revision };
}

/** Whether the text is a version as deb-version(7) has it. */
export function isVersion(version: string): boolean {
  try {
    parseVersion(version);
    return true;
  } catch {
    return false;
  }
}

/**
 * Orders two versions as dpkg does (deb-version(7)).
 *
 * @returns negative, 0 or positive
 * @throws VarveError `DEBIAN_VERSION`
 */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0;
  const left = parseVersion(a);
  const right = parseVersion(b);
  return (
    left.epoch - right.epoch ||
    compareParts(left.upstream, right.upstream) ||
    compareParts(left.revision, right.revision)
  );
}

/** Runs without digits and numbers by turns: the former by rank, the latter by value. */
function compareParts(a: string, b: string): number {
  let atA = 0;
  let atB = 0;
  while (atA < a.length || atB < b.length) {
    while (isNotDigit(a, atA) || isNotDigit(b, atB)) {
      const difference = rankAt(a, atA) - rankAt(b, atB);
      if (difference !== 0) return difference;
      atA += 1;
      atB += 1;
    }
    const endA = endOfDigits(a, atA);
    const endB = endOfDigits(b, atB);
    const difference = compareNumbers(a.slice(atA, endA), b.slice(atB, endB));
    if (difference !== 0) return difference;
    atA = endA;
    atB = endB;
  }
  return 0;
}

/** Numbers may have more digits than a JavaScript number keeps. */
function compareNumbers(a: string, b: string): number {
  const left = a.replace(/^0+/, "");
  const right = b.replace(/^0+/, "");
  if (left.length !== right.length) return left.length - right.length;
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isNotDigit(text: string, at: number): boolean {
  return at < text.length && !isDigit(text.charCodeAt(at));
}

function endOfDigits(text: string, from: number): number {
  let at = from;
  while (at < text.length && isDigit(text.charCodeAt(at))) at += 1;
  return at;
}

/** `~` before the end, the end (and a digit) before letters, letters before everything else. */
function rankAt(text: string, at: number): number {
  if (at >= text.length) return 0;
  const code = text.charCodeAt(at);
  if (isDigit(code)) return 0;
  if (code === 0x7e) return -1;
  const isLetter = (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
  return isLetter ? code : code + 256;
}
