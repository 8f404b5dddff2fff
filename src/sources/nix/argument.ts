import * as fs from "node:fs";
import path from "node:path";
import { VarveError } from "../../errors.ts";
import { followLinks } from "./follow-links.ts";
import { isFileNamed, isRegistryName } from "./installable.ts";
import { storePathOf } from "./store-path.ts";
import type { NixStore } from "./store.ts";

/** What an argument names: something in the store, or something that Nix has to build first. */
export type NixArgument =
  /** By its logical name. */
  | { readonly kind: "store-path"; readonly path: string }
  | { readonly kind: "installable"; readonly installable: string };

/** `/nix/store/….drv^out`, or `!out` as older programs write it. */
const DERIVATION_OUTPUTS = /\.drv[\^!][^/]+$/;
/** `github:…`, `path:…`, `git+ssh://…`. */
const FLAKE_URL = /^[a-z][a-z0-9+.-]*:/i;

/**
 * Tells what is meant: a store path, a file in one, a link that leads to one such as `./result`, or
 * an installable. What exists on disk is what it is there; of the rest, what looks like a path
 * must exist, and everything else is for Nix.
 *
 * @param nixArgs the arguments for Nix: they may name a file, whose attributes can then be meant
 * @throws VarveError `SOURCE_UNKNOWN`, `SOURCE_UNREADABLE`, `STORE_PATH_MALFORMED`
 */
export function parseNixArgument(
  text: string,
  store: NixStore,
  nixArgs: readonly string[] = [],
): NixArgument {
  if (DERIVATION_OUTPUTS.test(text)) {
    return { kind: "installable", installable: text.replace(/!(?=[^!]+$)/, "^") };
  }
  const stats = text === "" ? undefined : fs.lstatSync(text, { throwIfNoEntry: false });
  const isReference =
    text.includes("#") ||
    FLAKE_URL.test(text) ||
    isRegistryName(text) ||
    (isFileNamed(nixArgs) && /^[a-z_]/i.test(text));
  if (stats === undefined && isReference) return { kind: "installable", installable: text };
  const storePath = storePathBehind(text, store);
  if (storePath?.endsWith(".drv") === true) {
    throw new VarveError("SOURCE_UNKNOWN", `${storePath} is a derivation, not what it builds`, {
      hint: `give ${storePath}^out, or what nix-store --realise ${storePath} prints`,
    });
  }
  if (storePath !== undefined) return { kind: "store-path", path: storePath };
  if (fs.statSync(text, { throwIfNoEntry: false })?.isDirectory() === true) {
    // To Nix a bare word is a name in the flake registry, not a folder.
    const isBare = !/^[./]/.test(text);
    return { kind: "installable", installable: isBare ? `./${text}` : text };
  }
  throw new VarveError(
    "SOURCE_UNKNOWN",
    stats === undefined
      ? `there is no "${text}"`
      : `${text} is neither a recipe, nor in the Nix store, nor a flake`,
    { hint: "give a recipe file, a store path, a link to one such as ./result, or .#NAME" },
  );
}

/**
 * Links are followed only until the store is reached, so that a store path that is a link stays
 * what it is, and a store under a root is found although nothing lies at `/nix/store`.
 */
function storePathBehind(file: string, store: NixStore): string | undefined {
  const { storeDir, physicalDir } = store;
  const folders = [...new Set([storeDir, physicalDir, realPath(physicalDir)])];
  const folderOf = (place: string): string | undefined =>
    folders.find((folder) => place.startsWith(`${folder}/`));
  const reached = followLinks(path.resolve(file), {
    locate: (place) => place,
    isThere: (place) => folderOf(place) !== undefined,
  });
  const folder = folderOf(reached);
  if (folder === undefined) return undefined;
  return storePathOf(storeDir + reached.slice(folder.length), storeDir);
}

function realPath(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch {
    return file;
  }
}
