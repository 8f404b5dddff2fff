import { VarveError } from "../errors.ts";

/** The newest version of the Engine API whose answers varve has been written for. */
const newest = "1.52";
/** The oldest: Docker 1.12 of 2016. */
const oldest = "1.24";

/**
 * The version to speak: the engine's newest, or ours if that is older.
 *
 * @param theirs the `Api-Version` header of `GET /_ping`
 * @throws VarveError `ENGINE_TOO_OLD`, `ENGINE_PROTOCOL` for something that is no version
 */
export function negotiateApiVersion(theirs: string): string {
  if (!/^\d+\.\d+$/.test(theirs)) {
    throw new VarveError("ENGINE_PROTOCOL", `the engine's API version is "${theirs.slice(0, 40)}"`);
  }
  if (isOlder(theirs, oldest)) {
    throw new VarveError(
      "ENGINE_TOO_OLD",
      `the engine speaks API version ${theirs}, varve needs ${oldest} or newer`,
      { hint: "update Docker on that machine" },
    );
  }
  return isOlder(theirs, newest) ? theirs : newest;
}

/** Whether version `a`, such as `1.9`, comes before `b`, such as `1.41`. */
export function isOlder(a: string, b: string): boolean {
  const [majorA = 0, minorA = 0] = a.split(".").map(Number);
  const [majorB = 0, minorB = 0] = b.split(".").map(Number);
  return majorA === majorB ? minorA < minorB : majorA < majorB;
}
