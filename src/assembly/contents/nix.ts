import * as fs from "node:fs";
import path from "node:path";
import type { NixRecipeContents } from "../../recipe/contents/contents.ts";
import { closureOf } from "../../sources/nix/closure-of.ts";
import { mainProgramOf, programFolderOf } from "../../sources/nix/main-program.ts";
import { rootsOf } from "../../sources/nix/roots.ts";
import { packageNameOf } from "../../sources/nix/store-path.ts";
import type { NixStore } from "../../sources/nix/store.ts";
import type { Closure } from "../../closure/closure.ts";
import { storeSource } from "../store-layers.ts";
import type { Gathered, GatherOptions } from "./gather-options.ts";

/** Has Nix build what must be built, and takes it with everything that it refers to. */
export async function gatherNix(
  entries: readonly NixRecipeContents[],
  { nix: reach, note, mainProgram }: GatherOptions,
): Promise<Gathered> {
  const nix = await reach();
  const roots = await rootsOf(
    entries.flatMap((entry) => entry.nix),
    nix,
  );
  const closure = await closureOf(nix.store, roots, note);
  const places = entries.flatMap((entry) => entry.nix).flatMap(flakeFolder);
  return { ...gatheredStore(closure, roots, nix.store, mainProgram), places };
}

/** The folder of a flake that lies on this machine. */
function flakeFolder(argument: string): string[] {
  const [, place] = /^(?:path:|git\+file:)?(\.{0,2}\/?[^#?:]*)(?:[#?].*)?$/s.exec(argument) ?? [];
  if (place === undefined || !argument.includes("#")) return [];
  const folder = path.resolve(place);
  return fs.existsSync(path.join(folder, "flake.nix")) ? [folder] : [];
}

/**
 * Store paths as contents, with what `nix run` would do as defaults: the image is named like the
 * first root, starts its main program, and finds the roots' programs.
 */
export function gatheredStore(
  closure: Closure,
  roots: readonly string[],
  store: NixStore,
  mainProgram?: string,
): Gathered {
  const [main] = roots;
  const program = main === undefined ? undefined : mainProgramOf(main, store, mainProgram);
  const view = {
    storeDir: store.storeDir,
    locate: store.locate,
    contentHashOf: (storePath: string) => closure.get(storePath).contentHash,
  };
  return {
    source: storeSource(closure, view),
    defaults: {
      name: main === undefined ? undefined : packageNameOf(main),
      cmd: program === undefined ? undefined : [program],
      programFolders: roots.flatMap((root) => programFolderOf(root, store) ?? []),
    },
  };
}
