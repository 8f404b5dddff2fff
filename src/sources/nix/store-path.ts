import { VarveError } from "../../errors.ts";

/** Where Nix keeps its store unless it is told otherwise. */
export const DEFAULT_STORE_DIR = "/nix/store";

/* `/nix/store/<32 characters of nix32>-<name>` (reference: nix-store-and-binary-cache, section 1). */
const HASH_PART_LENGTH = 32;
const HASH_PART = /^[0-9a-df-np-sv-z]{32}-/;
const NAME = /^[0-9a-zA-Z+\-._?=]{1,211}$/;
/** Names that would be, or sort as, `.` and `..`. */
const DOT_NAME = /^\.\.?(?:-|$)/;

/** Whether this is a store path itself, neither above nor inside one. */
export function isStorePath(path: string, storeDir: string): boolean {
  return path.startsWith(`${storeDir}/`) && flawOf(path.slice(storeDir.length + 1)) === undefined;
}

/**
 * The store path that a path is or lies in: `/nix/store/x-y/bin/foo` → `/nix/store/x-y`. Undefined
 * for what is not in the store's folder.
 *
 * @throws VarveError `STORE_PATH_MALFORMED` for what is in the store's folder, but in no store path
 */
export function storePathOf(path: string, storeDir: string): string | undefined {
  if (!path.startsWith(`${storeDir}/`)) return undefined;
  const [base = ""] = path.slice(storeDir.length + 1).split("/", 1);
  const flaw = flawOf(base);
  if (flaw === undefined) return `${storeDir}/${base}`;
  throw new VarveError("STORE_PATH_MALFORMED", `${path} is not a store path: ${flaw}`, {
    hint: `a store path reads ${storeDir}/<32 letters and digits>-<name>`,
  });
}

function flawOf(base: string): string | undefined {
  if (base.includes("/")) return "it is inside of one";
  if (!HASH_PART.test(base)) return "it does not begin with 32 characters of nix32 and a dash";
  const name = base.slice(HASH_PART_LENGTH + 1);
  return NAME.test(name) && !DOT_NAME.test(name) ? undefined : "its name is not allowed";
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
