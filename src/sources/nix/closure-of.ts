import * as fs from "node:fs";
import { Closure } from "../../closure/closure.ts";
import type { ComponentInput } from "../../closure/closure.ts";
import { messageOf, VarveError } from "../../errors.ts";
import { closureFromNixStore, closureFromPathInfo } from "./path-info-command.ts";
import { closureFromDatabase, narInfosFromDatabase } from "./store-database.ts";
import type { NarInfo } from "./store-database.ts";
import type { NixStore } from "./store.ts";

/** Ways to learn a closure, the best first. */
const WAYS: ReadonlyArray<{
  readonly name: string;
  readonly find: (
    store: NixStore,
    roots: readonly string[],
  ) => ComponentInput[] | Promise<ComponentInput[]>;
}> = [
  { name: "the store's database", find: closureFromDatabase },
  { name: "nix path-info", find: closureFromPathInfo },
  { name: "nix-store", find: closureFromNixStore },
];

/**
 * The closure of store paths: from the store's database, or, where that cannot be read, from
 * `nix path-info`, or from `nix-store`.
 *
 * @param onNotice told why a way was given up
 * @throws VarveError `STORE_MISSING`, `STORE_PATH_INVALID` for a path that is not in the store, or not on disk;
 *   that of the last way when none works
 */
export async function closureOf(
  store: NixStore,
  roots: readonly string[],
  onNotice: (message: string) => void,
): Promise<Closure> {
  // Nix would make a store where there is none.
  if (!fs.existsSync(store.locate(store.storeDir))) {
    throw new VarveError("STORE_MISSING", `there is no store ${store.locate(store.storeDir)}`, {
      hint: "--store-root takes the folder under which nix/store lies",
    });
  }
  const components = await firstThatWorks(store, roots, onNotice);
  const known = new Set(components.map(({ id }) => id));
  for (const root of roots) if (!known.has(root)) throw invalid(root, "is not in the store");
  for (const { id } of components) {
    const stats = fs.lstatSync(store.locate(id), { throwIfNoEntry: false });
    if (stats === undefined) throw invalid(id, "is registered in the store, but not on disk");
  }
  return Closure.of(components);
}

async function firstThatWorks(
  store: NixStore,
  roots: readonly string[],
  onNotice: (message: string) => void,
): Promise<ComponentInput[]> {
  let failure: unknown;
  for (const { name, find } of WAYS) {
    if (failure !== undefined) onNotice(`${messageOf(failure)}; trying ${name}`);
    try {
      return await find(store, roots);
    } catch (error) {
      if (error instanceof VarveError && error.code === "STORE_PATH_INVALID") throw error;
      failure = error;
    }
  }
  throw failure;
}

/**
 * What the store's database says of paths. Empty where there is no database that can be read, as
 * in a Nix build: it is only used to remember digests.
 */
export function narInfosOf(store: NixStore, paths: readonly string[]): Map<string, NarInfo> {
  try {
    return narInfosFromDatabase(store, paths);
  } catch {
    return new Map();
  }
}

function invalid(path: string, what: string): VarveError {
  return new VarveError("STORE_PATH_INVALID", `${path} ${what}`, {
    hint: "build it first (nix build, nix-store --realise), or give --store-root when it lies in another store",
  });
}
