import * as fc from "fast-check";

/** Byte strings as file names may be: ASCII, UTF-8, torn UTF-8, bytes that never were text. */
export function arbitraryBytes(maxLength = 12): fc.Arbitrary<string> {
  const ascii = fc.constantFrom(..."aA0-./ \n\u{1}\u{7f}~_".split(""));
  const sequences = fc.constantFrom(
    ..."é߿ࠀ퟿�￿\u{10000}😀\u{10ffff}\u{202e}".split(/(?:)/u).map(latin1),
  );
  const torn = fc.constantFrom(
    "\u{80}",
    "\u{bf}",
    "\u{c0}\u{80}",
    "\u{c3}",
    "\u{e0}\u{80}\u{80}",
    "\u{e2}\u{82}",
    "\u{ed}\u{a0}\u{80}",
    "\u{f0}\u{9f}\u{98}",
    "\u{f4}\u{90}\u{80}\u{80}",
    "\u{f5}",
    "\u{ff}",
  );
  return fc
    .array(
      fc.oneof(
        { weight: 3, arbitrary: ascii },
        { weight: 3, arbitrary: sequences },
        { weight: 1, arbitrary: torn },
      ),
      { maxLength },
    )
    .map((parts) => parts.join(""));
}

export function latin1(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
