import { createHash } from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { encodeNix32 } from "../../../../src/sources/nix/nix32.ts";
import { NixStore } from "../../../../src/sources/nix/store.ts";

/** A store path of a test's: its name, and what it refers to. */
export interface TestPath {
  readonly name: string;
  /** Names. */
  readonly references?: readonly string[];
  readonly narSize?: number | null;
}

/** The tables as Nix makes them (reference: nix-store-and-binary-cache, section 9). */
const SCHEMA = `
  CREATE TABLE ValidPaths (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    path TEXT UNIQUE NOT NULL,
    hash TEXT NOT NULL,
    registrationTime INTEGER NOT NULL,
    deriver TEXT,
    narSize INTEGER,
    ultimate INTEGER,
    sigs TEXT,
    ca TEXT
  );
  CREATE TABLE Refs (
    referrer INTEGER NOT NULL,
    reference INTEGER NOT NULL,
    PRIMARY KEY (referrer, reference),
    FOREIGN KEY (referrer) REFERENCES ValidPaths(id) ON DELETE CASCADE,
    FOREIGN KEY (reference) REFERENCES ValidPaths(id) ON DELETE RESTRICT
  );
  CREATE INDEX IndexReferrer ON Refs(referrer);
  CREATE INDEX IndexReference ON Refs(reference);`;

/** `app` → `/nix/store/…-app`, always the same. */
export function storePath(name: string): string {
  const hash = encodeNix32(createHash("sha256").update(name).digest().subarray(0, 20));
  return `/nix/store/${hash}-${name}`;
}

/** The hash of a path's content, as the database keeps it. */
export function hexHash(name: string): string {
  return createHash("sha256").update(`content of ${name}`).digest("hex");
}

export function sriHash(name: string): string {
  return `sha256-${Buffer.from(hexHash(name), "hex").toString("base64")}`;
}

/** Makes a store of files and a database under a folder. */
export function makeStore(
  root: string,
  paths: readonly TestPath[],
  journal: "wal" | "truncate" = "wal",
): NixStore {
  const store = new NixStore({ storeRoot: root }, {});
  fs.mkdirSync(store.physicalDir, { recursive: true });
  fs.mkdirSync(path.dirname(store.databaseFile), { recursive: true });
  const database = new DatabaseSync(store.databaseFile);
  database.exec(`PRAGMA journal_mode = ${journal}; ${SCHEMA}`);
  database.exec("BEGIN");
  insert(database, paths);
  database.exec("COMMIT");
  database.close();
  for (const { name } of paths) fs.writeFileSync(store.locate(storePath(name)), name);
  return store;
}

/** Adds paths to a database, and the references between them and those that are there. */
export function insert(database: DatabaseSync, paths: readonly TestPath[]): void {
  const add = database.prepare(
    "INSERT INTO ValidPaths (path, hash, registrationTime, narSize) VALUES (?, ?, 1, ?)",
  );
  const refer = database.prepare(
    "INSERT INTO Refs SELECT a.id, b.id FROM ValidPaths a, ValidPaths b WHERE a.path = ? AND b.path = ?",
  );
  for (const { name, narSize = 100 } of paths) {
    add.run(storePath(name), `sha256:${hexHash(name)}`, narSize);
  }
  for (const { name, references = [] } of paths) {
    for (const reference of references) refer.run(storePath(name), storePath(reference));
  }
}
