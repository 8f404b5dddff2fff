import type { FastifyError, FastifyServerOptions } from "fastify";

import { MAX_KEY_BYTES } from "../limits.ts";
import { decodeCursor } from "./cursor.ts";
import type { ProblemDetail } from "./problem.ts";

/** Text that can be stored and read back unchanged: UTF-8 has no lone surrogates. */
function isStorable(text: string): boolean {
  return text.isWellFormed();
}

function isPrefix(text: string): boolean {
  return isStorable(text) && !/\p{Cc}/u.test(text) && Buffer.byteLength(text) <= MAX_KEY_BYTES;
}

/** "." and ".." are left out because clients resolve them away when they are in a URL's path. */
function isKey(text: string): boolean {
  return isPrefix(text) && text !== "" && text !== "." && text !== "..";
}

function isCursor(text: string): boolean {
  const key = decodeCursor(text);
  return key !== null && isKey(key);
}

/**
 * Strict: nothing is converted, dropped or filled in behind the client's back. `verbose` puts the
 * schema at hand, whose description words the message.
 */
export const ajvOptions: NonNullable<FastifyServerOptions["ajv"]> = {
  customOptions: {
    coerceTypes: false,
    removeAdditional: false,
    useDefaults: false,
    allErrors: true,
    verbose: true,
    formats: { key: isKey, "key-prefix": isPrefix, cursor: isCursor, storable: isStorable },
  },
};

const PLACES: Record<string, string> = { body: "body", querystring: "query", params: "path" };

type Failure = NonNullable<FastifyError["validation"]>[number] & {
  readonly parentSchema?: { readonly description?: string };
};

export function validationDetails(
  failures: readonly Failure[],
  context: string | undefined,
): ProblemDetail[] {
  const place = PLACES[context ?? ""] ?? "request";
  return failures.map((failure) => {
    const field = fieldOf(failure);
    return { in: place, ...(field !== "" && { field }), message: say(failure) };
  });
}

function fieldOf({ instancePath, params }: Failure): string {
  const name = params["missingProperty"] ?? params["additionalProperty"];
  return typeof name === "string" ? name : instancePath.slice(1);
}

function say({ keyword, parentSchema, message = "is not valid" }: Failure): string {
  if (keyword === "required") return "is missing";
  if (keyword === "additionalProperties") return "is not known here";
  return parentSchema?.description ? `must be ${parentSchema.description}` : message;
}
