/**
 * Compares two strings by Unicode code point. JavaScript's own `<` compares UTF-16 units and
 * orders characters outside the BMP before U+E000…U+FFFF, which no peer does
 * (reference: dockertools-wire-format, section 3.1).
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const unitA = a.charCodeAt(index);
    const unitB = b.charCodeAt(index);
    if (unitA !== unitB) return codePointRank(unitA) - codePointRank(unitB);
  }
  return a.length - b.length;
}

/** Lifts surrogates, which stand for code points above the BMP, over every other UTF-16 unit. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/**
 * The comparison for sorting these strings by code point: the engine's own, several times faster,
 * wherever no string holds a UTF-16 unit on which the two orders can differ.
 */
export function codePointOrder(strings: Iterable<string>): (a: string, b: string) => number {
  for (const string of strings) if (SURROGATE.test(string)) return compareCodePoints;
  return compareUnits;
}

/** Without a surrogate in any string, the orders by UTF-16 unit and by code point are one. */
const SURROGATE = /[\ud800-\udfff]/;

function compareUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
