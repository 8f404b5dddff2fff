import { VarveError } from "../../errors.ts";

export type JsonFields = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonFields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Parses JSON. @throws VarveError `GRAPH_INVALID`, naming where it came from */
export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new VarveError("GRAPH_INVALID", `${where} is not valid JSON: ${String(error)}`, {
      cause: error,
    });
  }
}
