import { VarveError } from "../../../src/errors.ts";

/** The VarveError that a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<VarveError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof VarveError) return error;
    throw error;
  }
  throw new Error("did not reject");
}
