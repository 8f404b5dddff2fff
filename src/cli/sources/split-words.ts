import { UsageError } from "../../errors.ts";

/** A word's parts: `'…'`, `"…"`, a character after a backslash, and whatever needs no quoting. */
const PART = /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)/sy;

/**
 * Splits text into words as a shell does, quotes and backslashes included; nothing is expanded.
 *
 * @param option the option whose value it is, for errors
 * @throws UsageError for a quote that is not closed
 */
export function splitWords(text: string, option: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length;) {
    if (/\s/.test(text[at]!)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at += 1;
      continue;
    }
    PART.lastIndex = at;
    const part = PART.exec(text);
    if (part === null) {
      throw new UsageError(`${option}: the quoting of ${text.slice(at)} has no end`);
    }
    const [, single, double, escaped, plain] = part;
    word =
      (word ?? "") + (single ?? double?.replace(/\\(["\\$`])/g, "$1") ?? escaped ?? plain ?? "");
    at = PART.lastIndex;
  }
  return word === undefined ? words : [...words, word];
}
