import { createRequire } from "node:module";
import type { ComponentInput } from "../../closure/closure.ts";
import { messageOf, VarveError } from "../../errors.ts";
import { sriOf } from "./hash.ts";
import type { NixStore } from "./store.ts";

/** How long to wait for a writer that holds the database, in ms. */
const BUSY_TIMEOUT = 10_000;

/** Loaded only when a database is read: it costs start-up time otherwise. */
const sqlite = (): typeof import("node:sqlite") =>
  createRequire(import.meta.url)("node:sqlite") as typeof import("node:sqlite");

const CLOSURE = `
  WITH RECURSIVE closure(id) AS (
    SELECT id FROM ValidPaths WHERE path IN (SELECT value FROM json_each(?))
    UNION
    SELECT reference FROM Refs JOIN closure ON referrer = closure.id
  )`;
const CLOSURE_PATHS = `${CLOSURE}
  SELECT id, path, hash, narSize FROM closure JOIN ValidPaths USING (id)`;
const CLOSURE_REFERENCES = `${CLOSURE}
  SELECT referrer, reference FROM closure JOIN Refs ON referrer = closure.id`;
const PATHS = `
  SELECT path, hash, narSize FROM ValidPaths WHERE path IN (SELECT value FROM json_each(?))`;

/** What the database says of a store path's content. */
export interface NarInfo {
  /** SRI. */
  readonly narHash: string;
  /** Bytes. */
  readonly narSize: number;
}

/**
 * The closure of store paths, read from the store's database (reference:
 * nix-store-and-binary-cache, section 9): in one transaction, so that it is the state of one
 * moment whatever writers do, in write-ahead and in rollback mode.
 *
 * Paths that the database does not know are left out; the caller finds them missing.
 *
 * @throws VarveError `STORE_DATABASE` when the database cannot be read
 */
export function closureFromDatabase(store: NixStore, roots: readonly string[]): ComponentInput[] {
  return inDatabase(store, (database) => {
    const wanted = JSON.stringify(roots);
    const paths = new Map<number, { path: string; references: string[]; info: NarInfo }>();
    for (const row of database.prepare(CLOSURE_PATHS).all(wanted)) {
      const path = String(row["path"]);
      paths.set(Number(row["id"]), { path, references: [], info: narInfoOf(row) });
    }
    for (const row of database.prepare(CLOSURE_REFERENCES).all(wanted)) {
      const referred = paths.get(Number(row["reference"]));
      if (referred !== undefined)
        paths.get(Number(row["referrer"]))?.references.push(referred.path);
    }
    return [...paths.values()].map(({ path, references, info }) => ({
      id: path,
      references,
      size: info.narSize,
      contentHash: info.narHash,
    }));
  });
}

/**
 * What the database says of these paths; those that it does not know are not in the map.
 *
 * @throws VarveError `STORE_DATABASE` when the database cannot be read
 */
export function narInfosFromDatabase(
  store: NixStore,
  paths: readonly string[],
): Map<string, NarInfo> {
  return inDatabase(store, (database) => {
    const rows = database.prepare(PATHS).all(JSON.stringify(paths));
    return new Map(rows.map((row) => [String(row["path"]), narInfoOf(row)]));
  });
}

function narInfoOf(row: Readonly<Record<string, unknown>>): NarInfo {
  return { narHash: sriOf(String(row["hash"])), narSize: Number(row["narSize"] ?? 0) };
}

function inDatabase<Result>(
  store: NixStore,
  read: (database: import("node:sqlite").DatabaseSync) => Result,
): Result {
  try {
    const { DatabaseSync } = sqlite();
    const database = new DatabaseSync(store.databaseFile, {
      readOnly: true,
      timeout: BUSY_TIMEOUT,
    });
    try {
      database.exec("BEGIN");
      return read(database);
    } finally {
      database.close();
    }
  } catch (error) {
    throw new VarveError(
      "STORE_DATABASE",
      `the store's database ${store.databaseFile} cannot be read: ${messageOf(error)}`,
      { cause: error, hint: "is there a Nix store? --store-root says where one lies" },
    );
  }
}
