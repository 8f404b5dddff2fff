import * as v from "valibot";
import { messageOf, UsageError, VarveError } from "../errors.ts";
import { isAboutUnknownKey } from "./closed-object.ts";

/** Characters of a wrong value that an error shows. */
const VALUE_SHOWN = 40;

/** What the schema library calls types → what people call them. */
const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  boolean: "true or false",
  Array: "a list",
  Object: "an object",
};

/**
 * Checks a value that came from outside.
 *
 * @param where the file or option it came from, for the error
 * @param placeOf where in its text something is, if it has one: `:3:5`
 * @throws VarveError with `code`, naming the place inside the value
 */
export function checkedAgainst<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  where: string,
  code: string,
  placeOf: (path: readonly PropertyKey[]) => string = () => "",
): v.InferOutput<Schema> {
  if (Array.isArray(value)) throw refusal(code, `${where}: expected an object, not a list`);
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  // A key that is missing may be the misspelt one.
  const issue = result.issues.find(isAboutUnknownKey) ?? result.issues[0];
  const keys = (issue.path ?? []).map(({ key }) => key as PropertyKey);
  throw refusal(code, `${where}${placeOf(keys)}${within(keys, issue)}: ${wordsFor(issue)}`);
}

/** `, at contents.0.nix`; of a key that is unknown or missing, the object that should have it. */
function within(keys: readonly PropertyKey[], issue: v.BaseIssue<unknown>): string {
  return atPath(isAboutKey(issue) ? keys.slice(0, -1) : keys);
}

/** `, at contents.0.nix`; nothing for the whole. */
export function atPath(path: readonly PropertyKey[]): string {
  return path.length === 0 ? "" : `, at ${path.map(String).join(".")}`;
}

function wordsFor(issue: v.BaseIssue<unknown>): string {
  if (isAboutUnknownKey(issue)) return issue.message;
  if (isAboutKey(issue)) return `${issue.expected} is missing`;
  const expected =
    /^Expected (.+)$/s.exec(issue.message)?.[1] ?? kinds(issue.expected ?? "another");
  return `expected ${expected}, not ${shown(issue.input)}`;
}

function isAboutKey({ type, expected }: v.BaseIssue<unknown>): boolean {
  return (type === "strict_object" || type === "object") && expected !== "Object";
}

/** `(string | Array)` → `text or a list`. */
function kinds(expected: string): string {
  const names = expected.replace(/^\((.*)\)$/, "$1").split(" | ");
  return names.map((name) => KINDS[name] ?? name).join(" or ");
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? (value === undefined ? "nothing" : typeof value);
  return text.length <= VALUE_SHOWN ? text : `${text.slice(0, VALUE_SHOWN - 1)}…`;
}

/** Parses JSON text. @throws VarveError with `code`, naming where it came from */
export function parseJsonFrom(text: string, where: string, code: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw refusal(code, `${where} is not JSON: ${messageOf(error)}`, error);
  }
}

/** What is wrong on the command line itself is wrong usage. */
function refusal(code: string, message: string, cause?: unknown): VarveError {
  return code === "USAGE"
    ? new UsageError(message, { cause })
    : new VarveError(code, message, { cause });
}
