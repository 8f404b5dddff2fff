import * as v from "valibot";
import { messageOf, VarveError } from "../errors.ts";

/**
 * Checks a value that came from outside.
 *
 * @param where the file or option it came from, for the error
 * @throws VarveError with `code`, naming the place inside the value
 */
export function checkedAgainst<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  where: string,
  code: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const place = v.getDotPath(issue);
  throw new VarveError(code, `${where}${place === null ? "" : `, at ${place}`}: ${issue.message}`, {
    hint: hintFor(issue),
  });
}

function hintFor(issue: v.BaseIssue<unknown>): string {
  if (issue.type === "strict_object") return "is the key misspelt?";
  return "see `varve help` for what goes there";
}

/** Parses JSON text. @throws VarveError with `code`, naming where it came from */
export function parseJsonFrom(text: string, where: string, code: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new VarveError(code, `${where} is not JSON: ${messageOf(error)}`, { cause: error });
  }
}
