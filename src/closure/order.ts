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
