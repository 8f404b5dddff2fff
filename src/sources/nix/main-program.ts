import * as fs from "node:fs";
import { packageNameOf } from "./store-path.ts";

/**
 * The program that `nix run` would most likely start: the one in `bin` named like the package, or
 * the only one there. Undefined when neither exists.
 *
 * @param located where the store path lies on this machine
 * @returns its logical path
 */
export function mainProgramOf(storePath: string, located: string): string | undefined {
  const names = programsIn(`${located}/bin`);
  const named = names.find((name) => name === packageNameOf(storePath));
  const main = named ?? (names.length === 1 ? names[0] : undefined);
  return main === undefined ? undefined : `${storePath}/bin/${main}`;
}

function programsIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder).filter((name) => !name.startsWith("."));
  } catch {
    return [];
  }
}
