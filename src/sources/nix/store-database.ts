import { readConsistently } from "./consistent-read.ts";
import { sriOf } from "./nar-hash.ts";
import { invalidStorePath } from "./path-info.ts";
import type { NarInfo, PathInfo } from "./path-info.ts";
import type { NixStore } from "./store.ts";

/*
 * The tables are described in the reference: nix-store-and-binary-cache, section 9. One statement
 * sees one state of the database, so each question is a single statement.
 */

const CLOSURE = `
  WITH RECURSIVE closure(id) AS (
    SELECT id FROM ValidPaths WHERE path IN (SELECT value FROM json_each(?))
    UNION
    SELECT Refs.reference FROM Refs JOIN closure ON Refs.referrer = closure.id
  )
  SELECT
    ValidPaths.id, path, hash, narSize,
    (SELECT group_concat(reference) FROM Refs WHERE referrer = ValidPaths.id)
  FROM closure JOIN ValidPaths ON ValidPaths.id = closure.id`;

/** id, path, hash, NAR size (which Nix takes for 0, too, if it is missing), ids of the references. */
type ClosureRow = [number, string, string, number | null, string | null];

const INFOS = `
  SELECT path, hash, narSize FROM ValidPaths WHERE path IN (SELECT value FROM json_each(?))`;

type InfoRow = [string, string, number | null];

/**
 * The closure of store paths, read from the store's database.
 *
 * @throws VarveError `STORE_DATABASE_UNREADABLE`, `STORE_PATH_INVALID`
 */
export async function closureFromDatabase(
  store: NixStore,
  roots: readonly string[],
): Promise<PathInfo[]> {
  const rows = await query<ClosureRow>(store, CLOSURE, roots);
  const paths = new Map(rows.map(([id, path]) => [String(id), path]));
  const found = new Set(paths.values());
  const missing = roots.find((root) => !found.has(root));
  if (missing !== undefined) throw invalidStorePath(missing);
  return rows.map(([, path, hash, narSize, ids]) => {
    // An id without a path, in a damaged database, is left for the closure to refuse.
    const references = ids?.split(",").map((id) => paths.get(id) ?? `row ${id}`) ?? [];
    return { path, references, narSize: narSize ?? 0, narHash: sriOf(hash) };
  });
}

/**
 * What the store's database says about the content of paths. Paths that it does not know are left
 * out.
 *
 * @throws VarveError `STORE_DATABASE_UNREADABLE`
 */
export async function narInfosFromDatabase(
  store: NixStore,
  paths: readonly string[],
): Promise<Map<string, NarInfo>> {
  const rows = await query<InfoRow>(store, INFOS, paths);
  return new Map(
    rows.map(([path, hash, narSize]) => [path, { narSize: narSize ?? 0, narHash: sriOf(hash) }]),
  );
}

function query<Row>(store: NixStore, sql: string, paths: readonly string[]): Promise<Row[]> {
  return readConsistently(store.databaseFile, (database) => {
    const statement = database.prepare(sql);
    statement.setReturnArrays(true);
    return statement.all(JSON.stringify(paths)) as unknown as Row[];
  });
}
