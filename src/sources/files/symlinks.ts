import { VarveError } from "../../errors.ts";
import { displayText } from "../../tar/byte-string.ts";
import type { ByteString } from "../../tar/byte-string.ts";

/**
 * Refuses a symlink that would not lead where it leads on this machine: out of the image, or to an
 * absolute path unless those are allowed.
 *
 * @param at where the symlink is in the image
 * @param name how errors call it: where it is on disk, or the declaration
 * @throws VarveError `FILES_SYMLINK`
 */
export function checkSymlink(
  at: ByteString,
  target: ByteString,
  name: string,
  allowed: "relative" | "any",
): void {
  const shown = displayText(target);
  if (target.startsWith("/") && allowed === "relative") {
    throw new VarveError(
      "FILES_SYMLINK",
      `${name} is a symlink to ${shown}, a place on this machine`,
      {
        hint: 'make it relative, or say symlinks: "any" if that place is in the image',
      },
    );
  }
  let depth = target.startsWith("/") ? 0 : at.split("/").length - 2;
  for (const part of target.split("/")) {
    if (part === "..") depth -= 1;
    else if (part !== "" && part !== ".") depth += 1;
    if (depth < 0) {
      throw new VarveError(
        "FILES_SYMLINK",
        `${name} is a symlink to ${shown}, which leaves the image from ${displayText(at)}`,
        { hint: "correct its target, or leave it out with `exclude`" },
      );
    }
  }
}
