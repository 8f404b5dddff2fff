import * as fs from "node:fs";
import type { Closure } from "../../closure/closure.ts";
import { messageOf, VarveError } from "../../errors.ts";
import { closureOfInfos } from "./path-info.ts";
import type { NarInfo, PathInfo } from "./path-info.ts";
import { closureFromDatabase, narInfosFromDatabase } from "./store-database.ts";
import type { NixStore } from "./store.ts";

/** Ways to learn a closure, the best first; what is seldom needed is loaded when it is. */
const WAYS: ReadonlyArray<{
  readonly name: string;
  readonly ask: (store: NixStore, roots: readonly string[]) => Promise<PathInfo[]>;
}> = [
  { name: "the store's database", ask: closureFromDatabase },
  {
    name: "nix path-info",
    ask: async (store, roots) =>
      (await import("./path-info-command.ts")).closureFromPathInfo(store, roots),
  },
  {
    name: "nix-store",
    ask: async (store, roots) =>
      (await import("./nix-store-command.ts")).closureFromNixStore(store, roots),
  },
];

/**
 * The closure of store paths: from the store's database, or, where that cannot be read, from
 * `nix path-info`, or from `nix-store`. Every path of it is on disk.
 *
 * @param roots by their logical names
 * @param onNotice told why a way was given up
 * @throws VarveError `STORE_MISSING`; `STORE_PATH_INVALID` for a path that the store does not have;
 * `STORE_PATH_MISSING` for one it has lost; `STORE_UNREADABLE` when no way works
 */
export async function closureOf(
  store: NixStore,
  roots: readonly string[],
  onNotice: (message: string) => void = () => {},
): Promise<Closure> {
  // Nix would make a store where there is none.
  if (!fs.existsSync(store.physicalDir)) {
    throw new VarveError("STORE_MISSING", `there is no Nix store at ${store.physicalDir}`, {
      hint: "--store-root takes the folder under which nix/store lies",
    });
  }
  const infos = await firstAnswer(store, roots, onNotice);
  for (const { path } of infos) {
    const stats = fs.lstatSync(store.locate(path), { throwIfNoEntry: false });
    if (stats === undefined) throw lost(path, store);
  }
  return closureOfInfos(infos);
}

async function firstAnswer(
  store: NixStore,
  roots: readonly string[],
  onNotice: (message: string) => void,
): Promise<PathInfo[]> {
  const failures: unknown[] = [];
  for (const { name, ask } of WAYS) {
    if (failures.length > 0) onNotice(`${messageOf(failures.at(-1))}; trying ${name}`);
    try {
      return await ask(store, roots);
    } catch (error) {
      if (error instanceof VarveError && error.code === "STORE_PATH_INVALID") throw error;
      failures.push(error);
    }
  }
  const reasons = failures.map(messageOf).join("; ");
  throw new VarveError("STORE_UNREADABLE", `the Nix store cannot be asked: ${reasons}`, {
    cause: failures[0],
    hint: "install Nix, or give --store-root DIR when the store lies elsewhere",
  });
}

/**
 * What the store's database says of the content of paths; paths that it does not know are left
 * out. Empty where there is no database that can be read, as in a Nix build. Never fails: it is
 * only used to remember digests.
 */
export async function narInfosOf(
  store: NixStore,
  paths: readonly string[],
): Promise<ReadonlyMap<string, NarInfo>> {
  try {
    return await narInfosFromDatabase(store, paths);
  } catch {
    return new Map();
  }
}

function lost(path: string, store: NixStore): VarveError {
  const place = store.locate(path);
  const where = place === path ? "" : ` (${place})`;
  return new VarveError(
    "STORE_PATH_MISSING",
    `${path} is registered in the store, but not on disk${where}`,
    { hint: `the store is damaged; try: nix-store --repair-path ${path}` },
  );
}
