/*
 * Writes to a store's database over and over, for tests that read it meanwhile:
 * node keep-writing.ts DATABASE PAUSE JOURNAL
 *
 * Every transaction replaces all paths by those of the next generation. In each state of the
 * database, `app` refers to MEMBERS paths, and all NAR sizes are the generation.
 */
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { insert } from "./test-store.ts";
import type { TestPath } from "./test-store.ts";

export const MEMBERS = 40;

/** The paths of one generation. */
export function generation(number: number): TestPath[] {
  const members = Array.from({ length: MEMBERS }, (_, index) => `member-${number}-${index}`);
  return [
    ...members.map((name) => ({ name, narSize: number })),
    { name: "app", references: members, narSize: number },
  ];
}

/**
 * @param pause between two transactions, in ms
 * @param journal with `truncate`, locks as Nix does where it is told not to use a write-ahead log
 */
async function keepWriting(file: string, pause: number, journal: string): Promise<void> {
  const url = pathToFileURL(file);
  if (journal === "truncate") url.searchParams.set("vfs", "unix-dotfile");
  for (let number = 1; ; number += 1) {
    // Each time anew: the last connection that closes takes the log away.
    const database = new DatabaseSync(url, { timeout: 10_000 });
    database.exec(`PRAGMA journal_mode = ${journal}; PRAGMA wal_autocheckpoint = 1;`);
    for (let again = 0; again < 5; again += 1, number += 1) {
      database.exec("BEGIN IMMEDIATE; DELETE FROM Refs; DELETE FROM ValidPaths;");
      insert(database, generation(number));
      database.exec("COMMIT");
    }
    database.close();
    process.stdout.write(".");
    await delay(pause);
  }
}

const [, script, file, pause, journal] = process.argv;
if (import.meta.filename === script) await keepWriting(file!, Number(pause), journal!);
