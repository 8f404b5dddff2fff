import { JsonNumber } from "./ordered-json.ts";
import type { JsonValue } from "./ordered-json.ts";

/**
 * The text that CPython's `json.dumps(value, indent=4)` writes, which is how dockerTools writes an
 * image's config (reference: dockertools-wire-format, section 4).
 */
export function pythonJson(value: JsonValue, indent = ""): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return asciiString(value);
  if (value instanceof JsonNumber) return pythonNumber(value.literal);
  const inner = `${indent}    `;
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    const items = value.map((item) => inner + pythonJson(item, inner));
    return `[\n${items.join(",\n")}\n${indent}]`;
  }
  if (value.size === 0) return "{}";
  const members = [...value].map(
    ([key, member]) => `${inner}${asciiString(key)}: ${pythonJson(member, inner)}`,
  );
  return `{\n${members.join(",\n")}\n${indent}}`;
}

function asciiString(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** An integer as written; anything else as CPython's `repr(float)`. */
function pythonNumber(literal: string): string {
  if (/^-?\d+$/.test(literal)) return literal === "-0" ? "0" : literal;
  const value = Number(literal);
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (Object.is(value, -0)) return "-0.0";
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude >= 1e16 || magnitude < 1e-4)) {
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  }
  const text = String(value);
  return text.includes(".") ? text : `${text}.0`;
}

/** What CPython's `repr` gives for a list of strings: `['a', 'b']`. */
export function pythonListRepr(items: readonly string[]): string {
  return `[${items.map(pythonStringRepr).join(", ")}]`;
}

function pythonStringRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let repr = quote;
  for (const character of text) {
    const point = character.codePointAt(0)!;
    if (character === quote || character === "\\") repr += `\\${character}`;
    else if (character === "\n") repr += "\\n";
    else if (character === "\r") repr += "\\r";
    else if (character === "\t") repr += "\\t";
    else if (character === " " || !/[\p{C}\p{Z}]/u.test(character)) repr += character;
    else if (point < 0x100) repr += `\\x${point.toString(16).padStart(2, "0")}`;
    else if (point < 0x10000) repr += `\\u${point.toString(16).padStart(4, "0")}`;
    else repr += `\\U${point.toString(16).padStart(8, "0")}`;
  }
  return repr + quote;
}
