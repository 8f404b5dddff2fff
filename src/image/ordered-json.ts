/**
 * JSON whose objects keep the order of their keys and whose numbers keep their digits.
 * JavaScript's own objects move keys that look like integers to the front and round integers
 * above 2^53, which would change the bytes of a config that another tool wrote.
 */

/** A number as it was written. */
export class JsonNumber {
  readonly literal: string;
  constructor(literal: string) {
    this.literal = literal;
  }
}

export type JsonObject = Map<string, JsonValue>;
export type JsonValue = null | boolean | string | JsonNumber | JsonValue[] | JsonObject;

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SPACE = /[ \t\n\r]*/y;
const WORD = /true|false|null/y;

/** Parses JSON text. @throws SyntaxError with the position */
export function parseOrderedJson(text: string): JsonValue {
  const parser = new Parser(text);
  const value = parser.value();
  parser.end();
  return value;
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): JsonValue {
    this.#match(SPACE);
    const next = this.#text[this.#at];
    if (next === "{") return this.#object();
    if (next === "[") return this.#array();
    if (next === '"') return this.#string();
    const word = this.#match(WORD);
    if (word !== undefined) return word === "null" ? null : word === "true";
    const literal = this.#match(NUMBER);
    if (literal !== undefined) return new JsonNumber(literal);
    return this.#fail();
  }

  end(): void {
    this.#match(SPACE);
    if (this.#at !== this.#text.length) this.#fail();
  }

  #object(): JsonObject {
    const object: JsonObject = new Map();
    this.#list("{", "}", () => {
      this.#match(SPACE);
      const key = this.#string();
      this.#expect(":");
      object.set(key, this.value());
    });
    return object;
  }

  #array(): JsonValue[] {
    const array: JsonValue[] = [];
    this.#list("[", "]", () => {
      array.push(this.value());
    });
    return array;
  }

  #list(open: string, close: string, item: () => void): void {
    this.#expect(open);
    this.#match(SPACE);
    if (this.#text[this.#at] === close) {
      this.#at += 1;
      return;
    }
    for (;;) {
      item();
      this.#match(SPACE);
      if (this.#text[this.#at] === close) {
        this.#at += 1;
        return;
      }
      this.#expect(",");
    }
  }

  #string(): string {
    const literal = this.#match(STRING);
    return literal === undefined ? this.#fail() : String(JSON.parse(literal));
  }

  #expect(character: string): void {
    this.#match(SPACE);
    if (this.#text[this.#at] !== character) this.#fail();
    this.#at += 1;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match[0];
  }

  #fail(): never {
    const found = this.#at < this.#text.length ? JSON.stringify(this.#text[this.#at]) : "the end";
    throw new SyntaxError(`unexpected ${found} at position ${this.#at}`);
  }
}

/** The same value in ordinary objects and numbers. */
export function plainJson(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return Number(value.literal);
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, member]) => [key, plainJson(member)]));
  }
  return Array.isArray(value) ? value.map(plainJson) : value;
}

/** An ordinary JSON value with its keys in the order in which JavaScript lists them. */
export function orderedJson(value: unknown): JsonValue {
  return parseOrderedJson(JSON.stringify(value));
}

/**
 * JSON text, keys in their order and numbers as they were written.
 *
 * @param indent what a level is indented by; all on one line without it
 */
export function orderedJsonText(value: JsonValue, indent = "", outer = ""): string {
  if (value instanceof JsonNumber) return value.literal;
  const isList = Array.isArray(value);
  if (!isList && !(value instanceof Map)) return JSON.stringify(value);
  const inner = outer + indent;
  const members = isList
    ? value.map((item) => orderedJsonText(item, indent, inner))
    : [...value].map(
        ([key, member]) =>
          `${JSON.stringify(key)}:${indent === "" ? "" : " "}${orderedJsonText(member, indent, inner)}`,
      );
  const [open, close] = isList ? "[]" : "{}";
  if (members.length === 0) return `${open}${close}`;
  const line = (margin: string): string => (indent === "" ? "" : `\n${margin}`);
  return `${open}${line(inner)}${members.join(`,${line(inner)}`)}${line(outer)}${close}`;
}
