import { VarveError } from "../../src/errors.ts";

/** The error that a call throws; it must be one for people. */
export function errorOf(call: () => unknown): VarveError {
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    return forPeople(error);
  }
  return missing(result);
}

/** The error that work fails with, now or later; it must be one for people. */
export async function failureOf(work: Promise<unknown> | (() => unknown)): Promise<VarveError> {
  let result: unknown;
  try {
    result = await (typeof work === "function" ? work() : work);
  } catch (error) {
    return forPeople(error);
  }
  return missing(result);
}

function forPeople(error: unknown): VarveError {
  if (error instanceof VarveError) return error;
  throw error;
}

function missing(result: unknown): never {
  throw new Error(`expected a failure, but got ${JSON.stringify(result)}`);
}
