import * as fs from "node:fs";
import path from "node:path";
import { repository } from "./nix.ts";

/**
 * One of the repository's examples, to be changed freely. Without its varve.lock: mirrors drop the
 * versions that it pins after a while, and the tests want an image of any.
 */
export function copyOfExample(name: string, into: string): string {
  const copy = path.join(into, name);
  fs.cpSync(path.join(repository, "examples", name), copy, {
    recursive: true,
    verbatimSymlinks: true,
    preserveTimestamps: true,
    filter: (source) => !source.endsWith("/varve.lock"),
  });
  return copy;
}
