import * as fs from "node:fs";
import path from "node:path";
import { fileReasonOf, systemCodeOf, VarveError } from "../../errors.ts";

/**
 * Where a declared file or folder is on disk, symlinks to it followed.
 *
 * @param project the folder that relative paths start from and may not lead out of
 * @throws VarveError `FILES_OUTSIDE`, `FILES_MISSING`, `FILES_UNREADABLE`
 */
export function locate(project: string, from: string, label: string): string {
  const place = path.resolve(project, from);
  if (!isWithin(path.resolve(project), place)) throw outside(label, from, place);
  const real = realPath(place, label, from);
  if (isWithin(realPath(project, label, "."), real)) return real;
  throw outside(label, from, real);
}

function isWithin(folder: string, place: string): boolean {
  const relative = path.relative(folder, place);
  return relative !== ".." && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}

function realPath(place: string, label: string, from: string): string {
  try {
    return fs.realpathSync(place);
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") {
      throw new VarveError("FILES_MISSING", `${label}: there is no ${from} in the project`, {
        cause: error,
        hint: "build it first, or correct `from`",
      });
    }
    throw new VarveError(
      "FILES_UNREADABLE",
      `${label}: ${place} cannot be read: ${fileReasonOf(error)}`,
      { cause: error, hint: "make it readable" },
    );
  }
}

function outside(label: string, from: string, place: string): VarveError {
  const where = place.endsWith(from) ? "" : `: it is ${place}`;
  return new VarveError("FILES_OUTSIDE", `${label}: ${from} lies outside the project${where}`, {
    hint: "copy it into the project, so that everybody builds the same image",
  });
}
