import * as v from "valibot";
import { messageOf } from "../errors.ts";
import { parseOrderedJson, plainJson } from "../image/ordered-json.ts";
import type { JsonObject, JsonValue } from "../image/ordered-json.ts";
import type { ArchiveMembers } from "./archive-members.ts";

/**
 * A JSON file of an archive: checked by a schema, and as it is, with its order and numbers kept.
 *
 * @throws VarveError `ARCHIVE_DAMAGED`
 */
export function parseMember<Schema extends v.GenericSchema>(
  members: ArchiveMembers,
  name: string,
  schema: Schema,
): { plain: v.InferOutput<Schema>; ordered: JsonObject } {
  let ordered: JsonValue;
  try {
    ordered = parseOrderedJson(members.bytesOf(name).toString("utf8"));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return members.damaged(`${name} is not JSON: ${messageOf(error)}`);
  }
  const result = v.safeParse(schema, plainJson(ordered));
  if (!result.success) {
    const issue = result.issues[0];
    members.damaged(`${name}: ${v.getDotPath(issue) ?? "the whole"}: ${issue.message}`);
  }
  return { plain: result.output, ordered: ordered instanceof Map ? ordered : new Map() };
}
