import * as v from "valibot";
import { nearest } from "../wording/nearest.ts";

/** An object that may have these keys and no others; a misspelt one is told the right one. */
export function closedObject<const Entries extends v.ObjectEntries>(
  entries: Entries,
): v.StrictObjectSchema<Entries, v.ErrorMessage<v.StrictObjectIssue>> {
  return v.strictObject(entries, (issue) => {
    if (isAboutUnknownKey(issue)) return unknownKey(issue.received, Object.keys(entries));
    return issue.message;
  });
}

/** Whether an issue is that an object has a key which it may not have. */
export function isAboutUnknownKey(issue: v.BaseIssue<unknown>): boolean {
  return issue.type === "strict_object" && issue.expected === "never";
}

/** @param received the key in quotes */
function unknownKey(received: string, known: readonly string[]): string {
  const meant = nearest(received.slice(1, -1), known);
  const advice =
    meant === undefined ? `the keys are ${known.join(", ")}` : `did you mean "${meant}"?`;
  return `there is no key ${received}; ${advice}`;
}
