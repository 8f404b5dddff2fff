import { VarveError } from "../../errors.ts";
import { byteStringOf } from "../../tar/byte-string.ts";
import type { ByteString } from "../../tar/byte-string.ts";

/** What a list of patterns says of a path: the last pattern that matches decides. */
export type Verdict = "matched" | "negated" | undefined;

/** A pattern as gitignore(5) describes it. */
interface Pattern {
  readonly text: string;
  /** Begins with `!`: takes back what patterns before it match. */
  readonly negated: boolean;
  /** Ends in `/`: matches folders alone. */
  readonly foldersOnly: boolean;
  readonly expression: RegExp;
}

/** gitignore's character classes, in bytes. */
const CLASSES: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  blank: " \\t",
  cntrl: "\\0-\\x1f\\x7f",
  digit: "0-9",
  graph: "\\x21-\\x7e",
  lower: "a-z",
  print: "\\x20-\\x7e",
  punct: "\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e",
  space: "\\s",
  upper: "A-Z",
  xdigit: "0-9A-Fa-f",
};

/**
 * Patterns with the meaning that they have in a `.gitignore` file at the top of the folder: `*`,
 * `?`, `[a-z]`, `**`; a `/` at the beginning or in the middle ties a pattern to the top, without
 * one it matches names at any depth; `/` at the end matches folders alone; `!` takes back. As in
 * git, `?` stands for one byte. There are no comments.
 */
export class PatternList {
  readonly #patterns: readonly Pattern[];

  /** @throws VarveError `FILES_INVALID` for a pattern that can match nothing */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map(parsePattern);
  }

  /** @param path relative to the folder, without a leading `/` */
  verdict(path: ByteString, isFolder: boolean): Verdict {
    for (let index = this.#patterns.length - 1; index >= 0; index -= 1) {
      const { negated, foldersOnly, expression } = this.#patterns[index]!;
      if (foldersOnly && !isFolder) continue;
      if (expression.test(path)) return negated ? "negated" : "matched";
    }
    return undefined;
  }
}

function parsePattern(text: string): Pattern {
  const negated = text.startsWith("!");
  let body = byteStringOf(negated ? text.slice(1) : text);
  const foldersOnly = body.endsWith("/");
  if (foldersOnly) body = body.slice(0, -1);
  const isTied = body.includes("/");
  if (body.startsWith("/")) body = body.slice(1);
  if (body === "") throw invalid(text, "it is empty");
  const expression = new RegExp(`^${isTied ? "" : "(?:.*/)?"}${translate(text, body)}$`, "s");
  return { text, negated, foldersOnly, expression };
}

function translate(text: string, body: ByteString): string {
  let result = "";
  let at = 0;
  while (at < body.length) {
    const rest = body.slice(at);
    const isNameStart = at === 0 || body[at - 1] === "/";
    if (isNameStart && rest.startsWith("**/")) {
      result += "(?:.*/)?";
      at += 3;
    } else if (isNameStart && rest === "**") {
      result += ".+";
      at += 2;
    } else if (rest.startsWith("*")) {
      result += "[^/]*";
      at += /^\*+/.exec(rest)![0].length;
    } else if (rest.startsWith("?")) {
      result += "[^/]";
      at += 1;
    } else if (rest.startsWith("[")) {
      const { expression, length } = translateClass(text, rest);
      result += expression;
      at += length;
    } else if (rest.startsWith("\\")) {
      if (rest.length === 1) throw invalid(text, "nothing follows its last \\");
      result += literal(rest[1]!);
      at += 2;
    } else {
      result += literal(rest[0]!);
      at += 1;
    }
  }
  return result;
}

/** `[…]` at the beginning of `rest`; never matches a `/`. */
function translateClass(
  text: string,
  rest: ByteString,
): { readonly expression: string; readonly length: number } {
  let at = 1;
  const isNegated = rest[at] === "!" || rest[at] === "^";
  if (isNegated) at += 1;
  let members = "";
  const first = at;
  for (;;) {
    const char = rest[at];
    if (char === undefined) throw invalid(text, "a [ has no ]");
    if (char === "]" && at > first) break;
    const named = /^\[:([a-z]+):\]/.exec(rest.slice(at));
    if (named !== null) {
      const known = CLASSES[named[1]!];
      if (known === undefined) throw invalid(text, `there is no class ${named[0]}`);
      members += known;
      at += named[0].length;
      continue;
    }
    const low = memberAt(rest, at);
    at += low.length;
    if (rest[at] === "-" && rest[at + 1] !== undefined && rest[at + 1] !== "]") {
      const high = memberAt(rest, at + 1);
      at += 1 + high.length;
      if (low.char <= high.char) members += `${literal(low.char)}-${literal(high.char)}`;
    } else {
      members += literal(low.char);
    }
  }
  // A range upside down holds nothing.
  const set = members === "" ? "(?!)" : `[${members}]`;
  const expression = isNegated ? (members === "" ? "[^/]" : `[^/${members}]`) : `(?!/)${set}`;
  return { expression, length: at + 1 };
}

function memberAt(rest: ByteString, at: number): { char: string; length: number } {
  const isEscaped = rest[at] === "\\" && rest[at + 1] !== undefined;
  return isEscaped ? { char: rest[at + 1]!, length: 2 } : { char: rest[at]!, length: 1 };
}

function literal(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

function invalid(text: string, why: string): VarveError {
  return new VarveError(
    "FILES_INVALID",
    `the pattern ${JSON.stringify(text)} matches nothing: ${why}`,
    {
      hint: "patterns are written as in a .gitignore file",
    },
  );
}
