import { VarveError } from "../../../../src/errors.ts";

/** The error that something fails with; it must be one for people. */
export async function failureOf(work: () => unknown): Promise<VarveError> {
  let result: unknown;
  try {
    result = await work();
  } catch (error) {
    if (error instanceof VarveError) return error;
    throw error;
  }
  throw new Error(`expected a failure, but got ${JSON.stringify(result)}`);
}
