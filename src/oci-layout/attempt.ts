import { messageOf, systemCodeOf, VarveError } from "../errors.ts";
import { writeFailure } from "../io/write-fully.ts";

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "its file system is read-only",
  ENOENT: "its folder does not exist",
  ENOTDIR: "a part of its path is not a folder",
  EISDIR: "it is a folder",
};

/** A file call in a layout, whose failure is put in words. */
export function attempt<Result>(
  file: string,
  what: "read" | "written",
  call: () => Result,
): Result {
  try {
    return call();
  } catch (error) {
    const code = systemCodeOf(error) ?? "";
    if (code === "ENOSPC" || code === "EDQUOT") throw writeFailure(error);
    const why = REASONS[code] ?? messageOf(error);
    const name = what === "read" ? "LAYOUT_UNREADABLE" : "LAYOUT_UNWRITABLE";
    throw new VarveError(name, `${file} cannot be ${what}: ${why}`, {
      cause: error,
      hint:
        what === "read"
          ? "is the folder whole, and may you read it?"
          : "write elsewhere, or as a user who may write there",
    });
  }
}
