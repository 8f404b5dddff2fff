import * as fs from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { messageOf, systemCodeOf, VarveError } from "../../errors.ts";
import { loadSqlite } from "./sqlite.ts";
import type { Sqlite } from "./sqlite.ts";
import { isBeingWritten, readUnlocked, UnsettledError } from "./unlocked-read.ts";

/** How long SQLite waits for a lock, in ms. Readers of a write-ahead log hardly ever wait. */
const LOCK_TIMEOUT = 5000;
/** How long to wait for a database that is not locked to settle, in ms. */
const SETTLE_TIMEOUT = 5000;
/** How long to wait between attempts, in ms. */
const SETTLE_INTERVAL = 50;

const HEADER_LENGTH = 20;
const MAGIC = "SQLite format 3\0";
/** Offset of the version needed to read; 2 means that there is a write-ahead log. */
const READ_VERSION_OFFSET = 19;
const WITH_LOG = 2;

/** SQLite's primary result codes for a lock file or a log that cannot be made or opened. */
const CANNOT_OPEN = 14;
const READ_ONLY = 8;

/**
 * Reads a Nix store's database without writing to it, correctly while others write. `read` gets
 * one consistent state if it runs a single statement.
 *
 * Nix uses a write-ahead log, whose readers and writers do not disturb each other. Where the
 * folder may not be written to and nobody has left the log's files there, and where Nix was told
 * to do without a log (`use-sqlite-wal = false`, in which case it locks with a file of its own that
 * would block it forever if we died), the file is read unlocked, and that it did not change
 * meanwhile is checked.
 *
 * @param settleTimeout how long to wait for a database that is not locked to settle, in ms
 * @throws VarveError `STORE_DATABASE_UNREADABLE`
 */
export async function readConsistently<Result>(
  file: string,
  read: (database: DatabaseSync) => Result,
  settleTimeout = SETTLE_TIMEOUT,
): Promise<Result> {
  const sqlite = await loadSqlite();
  const deadline = performance.now() + settleTimeout;
  for (;;) {
    try {
      return readOnce(sqlite, file, read);
    } catch (error) {
      if (!(error instanceof UnsettledError) || performance.now() > deadline) {
        throw asFailure(error, file);
      }
    }
    await delay(SETTLE_INTERVAL);
  }
}

/*
 * Nothing here may be awaited: whoever closes a file lets go of all the locks that the process has
 * on it, so that no two reads may overlap.
 */
function readOnce<Result>(
  { DatabaseSync }: Sqlite,
  file: string,
  read: (database: DatabaseSync) => Result,
): Result {
  const url = pathToFileURL(file);
  const options = { readOnly: true, timeout: LOCK_TIMEOUT };
  if (hasLog(file)) {
    try {
      return readAndClose(new DatabaseSync(url, options), read);
    } catch (error) {
      if (!isUnableToLock(error) || isBeingWritten(file)) throw error;
    }
  }
  url.searchParams.set("immutable", "1");
  return readUnlocked(file, () => readAndClose(new DatabaseSync(url, options), read));
}

function readAndClose<Result>(
  database: DatabaseSync,
  read: (database: DatabaseSync) => Result,
): Result {
  try {
    return read(database);
  } finally {
    database.close();
  }
}

/** Whether the database's header says that it has a write-ahead log. */
function hasLog(file: string): boolean {
  const header = Buffer.alloc(HEADER_LENGTH);
  const fd = fs.openSync(file, "r");
  try {
    fs.readSync(fd, header, 0, HEADER_LENGTH, 0);
  } finally {
    fs.closeSync(fd);
  }
  if (header.toString("latin1", 0, MAGIC.length) !== MAGIC) {
    throw unreadable(`${file} is not an SQLite database`);
  }
  return header[READ_VERSION_OFFSET] === WITH_LOG;
}

function isUnableToLock(error: unknown): boolean {
  const code = sqliteCodeOf(error);
  return code === CANNOT_OPEN || code === READ_ONLY;
}

/** The primary result code of an error of SQLite's. */
function sqliteCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode & 0xff : undefined;
}

/** Whatever the reason, somebody else must be asked. */
function unreadable(message: string, cause?: unknown): VarveError {
  return new VarveError("STORE_DATABASE_UNREADABLE", message, {
    cause,
    hint: "is Nix installed here? For a store elsewhere give --store-root DIR",
  });
}

function asFailure(error: unknown, file: string): unknown {
  if (error instanceof VarveError) return error;
  if (systemCodeOf(error) === "ENOENT") {
    return unreadable(`there is no Nix database at ${file}`, error);
  }
  return unreadable(`${file} cannot be read: ${messageOf(error)}`, error);
}
