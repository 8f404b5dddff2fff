import * as fs from "node:fs";
import { followLinks } from "./follow-links.ts";
import { packageNameOf } from "./store-path.ts";
import type { NixStore } from "./store.ts";

const EXECUTABLE = 0o111;

/**
 * The program that `nix run` would most likely start: the store path itself if it is one, the
 * program in `bin` that is said to be the main one, the one named like the package, or the only
 * one there.
 *
 * @param storePath by its logical name
 * @param mainProgram what `meta.mainProgram` says, which is not in the store
 * @returns the program, by its logical name
 */
export function mainProgramOf(
  storePath: string,
  store: NixStore,
  mainProgram?: string,
): string | undefined {
  if (isProgram(storePath, store)) return storePath;
  const bin = `${storePath}/bin`;
  const programs = namesIn(bin, store).filter(
    (name) => !name.startsWith(".") && isProgram(`${bin}/${name}`, store),
  );
  const main =
    [mainProgram, packageNameOf(storePath)].find((name) => programs.includes(name ?? "")) ??
    (programs.length === 1 ? programs[0] : undefined);
  return main === undefined ? undefined : `${bin}/${main}`;
}

/** The folder of a store path's programs, by its logical name, if it has one. */
export function programFolderOf(storePath: string, store: NixStore): string | undefined {
  const bin = `${storePath}/bin`;
  const stats = fs.statSync(placeOf(bin, store), { throwIfNoEntry: false });
  return stats?.isDirectory() === true ? bin : undefined;
}

function isProgram(file: string, store: NixStore): boolean {
  const stats = fs.statSync(placeOf(file, store), { throwIfNoEntry: false });
  return stats?.isFile() === true && (stats.mode & EXECUTABLE) !== 0;
}

function namesIn(folder: string, store: NixStore): string[] {
  try {
    return fs.readdirSync(placeOf(folder, store));
  } catch {
    return [];
  }
}

function placeOf(file: string, store: NixStore): string {
  return store.locate(followLinks(file, store));
}
