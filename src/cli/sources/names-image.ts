import * as fs from "node:fs";
import path from "node:path";
import { UsageError } from "../../errors.ts";
import { isRecipeFile } from "../../recipe/load-recipe.ts";
import { parseLocation } from "../../transports/location.ts";
import type { Location } from "../../transports/location.ts";
import { isArchive } from "./sources-argument.ts";

const TRANSPORT = /^(?:docker:\/\/|oci:|oci-archive:|docker-archive:|docker-daemon:)/;
/** What only Nix understands (nix flake, "Flake references"). */
const FLAKE =
  /#|^(?:flake|path|indirect|github|gitlab|sourcehut|(?:git|hg|tarball|file)(?:\+[a-z]+)?|https?):(?!\d)/;

/**
 * Where an argument says that an image is: in a registry, a layout, an archive, an engine.
 * Undefined for what an image can be made of: a recipe, store paths, an installable.
 */
export function imageLocation(argument: string): Location | undefined {
  if (TRANSPORT.test(argument)) return parseLocation(argument);
  if (isRecipeFile(argument) || FLAKE.test(argument)) return undefined;
  const location = locationIn(argument);
  switch (location?.kind) {
    case "registry":
      return isOnDisk(argument) ? undefined : location;
    case "oci-layout":
      return fs.existsSync(path.join(location.folder, "oci-layout")) ? location : undefined;
    case "any-archive":
      return !fs.existsSync(location.file) || isArchive(location.file) ? location : undefined;
    default:
      return location;
  }
}

/** Also a link whose target is elsewhere, as with `nix --store`, and what is below it. */
function isOnDisk(argument: string): boolean {
  const [first = argument] = argument.split("/");
  const beginning = first === "" ? argument : first;
  const link = fs.lstatSync(beginning, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  return link || fs.existsSync(argument);
}

function locationIn(argument: string): Location | undefined {
  try {
    return parseLocation(argument);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}
