import { VarveError } from "../../errors.ts";

/** 32 digits of nix32, a dash, a name (reference: nix-store-and-binary-cache, section 1). */
const BASE_NAME = /^[0-9a-df-np-sv-z]{32}-[0-9a-zA-Z+\-._?=]{1,211}$/;
const HASH_PART_LENGTH = 32;

/** Whether the text is a store path itself, not a file inside one. */
export function isStorePath(text: string, storeDir: string): boolean {
  return text.startsWith(`${storeDir}/`) && BASE_NAME.test(text.slice(storeDir.length + 1));
}

/**
 * The store path that a path is or lies in, or undefined when it is not in the store.
 *
 * @throws VarveError `STORE_PATH_MALFORMED` when it is in the store folder, but no store path is
 */
export function storePathOf(text: string, storeDir: string): string | undefined {
  if (text !== storeDir && !text.startsWith(`${storeDir}/`)) return undefined;
  const baseName = text.slice(storeDir.length + 1).split("/", 1)[0]!;
  if (BASE_NAME.test(baseName)) return `${storeDir}/${baseName}`;
  throw new VarveError("STORE_PATH_MALFORMED", `${text} is not a store path`, {
    hint: `a store path reads ${storeDir}/<32 letters and digits>-<name>`,
  });
}

/** The name after the hash: `hello-2.12.1`. */
export function nameOf(storePath: string): string {
  return storePath.slice(storePath.lastIndexOf("/") + HASH_PART_LENGTH + 2);
}

/**
 * The name without its version, as Nix splits it: at the first dash that no letter follows
 * (Nix manual, `builtins.parseDrvName`).
 */
export function packageNameOf(storePath: string): string {
  const name = nameOf(storePath);
  const dash = name.search(/-[^a-zA-Z]/);
  return dash === -1 ? name : name.slice(0, dash);
}
