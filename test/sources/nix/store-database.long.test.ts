import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import * as fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { readConsistently } from "../../../src/sources/nix/consistent-read.ts";
import { closureOfInfos } from "../../../src/sources/nix/path-info.ts";
import {
  closureFromDatabase,
  narInfosFromDatabase,
} from "../../../src/sources/nix/store-database.ts";
import type { NixStore } from "../../../src/sources/nix/store.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { failureOf } from "../../support/failures.ts";
import { generation, MEMBERS } from "./support/keep-writing.ts";
import { insert, makeStore, sriHash, storePath } from "./support/test-store.ts";
import type { TestPath } from "./support/test-store.ts";

const PATHS: readonly TestPath[] = [
  { name: "libc", narSize: 3_000_000_000 },
  { name: "lib", references: ["libc", "lib"], narSize: 7 },
  { name: "app", references: ["lib", "libc"], narSize: null },
  { name: "other", references: ["libc"], narSize: 9 },
];
/** Long enough for a database that is read without locks to have settled, in ms. */
const SETTLED = 150;

async function namesOf(store: NixStore, ...roots: readonly string[]): Promise<string[]> {
  const infos = await closureFromDatabase(store, roots.map(storePath));
  return infos.map(({ path: found }) => found.slice(found.indexOf("-") + 1)).toSorted();
}

/** What lies beside the database; readers must not change it where there is no log. */
function filesBeside(store: NixStore): string[] {
  return fs.readdirSync(path.dirname(store.databaseFile)).toSorted();
}

describe.each(["wal", "truncate"] as const)("a store's database, journal mode %s", (journal) => {
  it("tells a closure", async () => {
    const store = makeStore(temporaryFolder(), PATHS, journal);
    const infos = await closureFromDatabase(store, [storePath("app")]);
    expect(closureOfInfos(infos).components.toSorted((a, b) => a.size - b.size)).toEqual([
      {
        id: storePath("app"),
        references: [storePath("lib"), storePath("libc")].toSorted(),
        size: 0,
        contentHash: sriHash("app"),
      },
      {
        id: storePath("lib"),
        references: [storePath("libc")],
        size: 7,
        contentHash: sriHash("lib"),
      },
      {
        id: storePath("libc"),
        references: [],
        size: 3_000_000_000,
        contentHash: sriHash("libc"),
      },
    ]);
    expect(await namesOf(store, "other", "lib", "lib")).toEqual(["lib", "libc", "other"]);
    expect(await namesOf(store)).toEqual([]);
  });

  it("names a path that it does not know", async () => {
    const store = makeStore(temporaryFolder(), PATHS, journal);
    const error = await failureOf(() => namesOf(store, "app", "unbuilt"));
    expect(error.code).toBe("STORE_PATH_INVALID");
    expect(error.message).toContain(storePath("unbuilt"));
  });

  it("tells hashes and sizes of paths, and leaves out what it does not know", async () => {
    const store = makeStore(temporaryFolder(), PATHS, journal);
    const infos = await narInfosFromDatabase(store, [storePath("lib"), storePath("unbuilt")]);
    expect([...infos]).toEqual([[storePath("lib"), { narSize: 7, narHash: sriHash("lib") }]]);
  });

  it("is read where neither the folder nor the file may be written to", async () => {
    const store = makeStore(temporaryFolder(), PATHS, journal);
    const files = filesBeside(store);
    await delay(SETTLED);
    expect(closureAsNobody(store)).toHaveLength(3);
    expect(filesBeside(store)).toEqual(files);
  });

  it("is always consistent while somebody writes", { timeout: 60_000 }, async () => {
    const store = makeStore(temporaryFolder(), generation(0), journal);
    // Without a log there must be quiet moments, as there are between two builds of Nix'.
    const pause = journal === "wal" ? 0 : 2 * SETTLED;
    const writer = spawn(
      process.execPath,
      [
        path.join(import.meta.dirname, "support/keep-writing.ts"),
        store.databaseFile,
        String(pause),
        journal,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    onTestFinished(() => {
      writer.kill();
    });
    await once(writer.stdout, "data");
    const seen = new Set<number>();
    const end = performance.now() + 1000;
    while (performance.now() < end || seen.size < 3) {
      const infos = await closureFromDatabase(store, [storePath("app")]);
      const numbers = new Set(infos.map(({ narSize }) => narSize));
      expect(infos).toHaveLength(MEMBERS + 1);
      expect(numbers.size).toBe(1);
      for (const number of numbers) seen.add(number!);
      // Lets the event loop notice that the writer has died, should it.
      await delay(1);
      expect(writer.exitCode).toBe(null);
    }
  });
});

describe("a closure", () => {
  /** References of each path to earlier ones, and sometimes to itself. */
  const graphs = fc.array(fc.array(fc.nat(39), { maxLength: 5 }), { minLength: 1, maxLength: 40 });

  it("is what one reaches by walking, in any graph", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, fc.array(fc.nat(39), { maxLength: 3 }), async (graph, wanted) => {
        const targets = graph.map((numbers, index) => [
          ...new Set(numbers.map((number) => number % (index + 1))),
        ]);
        const paths = targets.map((references, index) => ({
          name: `p${index}`,
          references: references.map((number) => `p${number}`),
        }));
        const roots = [...new Set(wanted.map((number) => number % graph.length))];
        const reached = new Set(roots);
        for (const index of reached) for (const target of targets[index]!) reached.add(target);

        const root = fs.mkdtempSync(path.join(tmpdir(), "varve-graph-"));
        try {
          const store = makeStore(root, paths);
          const infos = await closureFromDatabase(
            store,
            roots.map((index) => storePath(`p${index}`)),
          );
          const found = new Map(infos.map((info) => [info.path, info.references.toSorted()]));
          const expected = [...reached].map((index): [string, string[]] => [
            storePath(`p${index}`),
            targets[index]!.map((target) => storePath(`p${target}`)).toSorted(),
          ]);
          expect(found).toEqual(new Map(expected));
          expect(infos).toHaveLength(reached.size);
        } finally {
          fs.rmSync(root, { recursive: true });
        }
      }),
      { numRuns: 20 },
    );
  });

  it("of 1000 paths is read at once", async () => {
    const paths = Array.from({ length: 1000 }, (_, index) => ({
      name: `p${index}`,
      references: Array.from(
        { length: Math.min(index, 8) },
        (_unused, step) => `p${index - 1 - step}`,
      ),
    }));
    const store = makeStore(temporaryFolder(), paths);
    await closureFromDatabase(store, [storePath("p0")]);
    const begin = performance.now();
    const infos = await closureFromDatabase(store, [storePath("p999")]);
    console.info(`1000 paths read in ${(performance.now() - begin).toFixed(1)} ms`);
    expect(infos).toHaveLength(1000);
  });
});

describe("a database with a write-ahead log", () => {
  it("shows what is only in the log", async () => {
    const store = makeStore(temporaryFolder(), PATHS);
    const writer = new DatabaseSync(store.databaseFile);
    writer.exec("PRAGMA wal_autocheckpoint = 0");
    insert(writer, [{ name: "new", references: ["app"] }]);
    expect(fs.statSync(`${store.databaseFile}-wal`).size).toBeGreaterThan(0);
    expect(await namesOf(store, "new")).toEqual(["app", "lib", "libc", "new"]);
    expect(closureAsNobody(store, "new")).toHaveLength(4);
    writer.close();
    expect(await namesOf(store, "new")).toEqual(["app", "lib", "libc", "new"]);
  });

  it("does not show what is not committed, nor keep the writer from committing", async () => {
    const store = makeStore(temporaryFolder(), PATHS);
    const writer = new DatabaseSync(store.databaseFile);
    writer.exec("BEGIN IMMEDIATE");
    insert(writer, [{ name: "new" }]);
    expect((await failureOf(() => namesOf(store, "new"))).code).toBe("STORE_PATH_INVALID");
    writer.exec("COMMIT");
    expect(await namesOf(store, "new")).toEqual(["new"]);
    writer.close();
  });

  it("is not read without the log that belongs to it", async () => {
    const store = makeStore(temporaryFolder(), PATHS);
    const writer = new DatabaseSync(store.databaseFile);
    writer.exec("PRAGMA wal_autocheckpoint = 0");
    insert(writer, [{ name: "new" }]);
    fs.chmodSync(`${store.databaseFile}-shm`, 0);
    fs.chmodSync(`${store.databaseFile}-wal`, 0);
    expect(() => closureAsNobody(store, "new")).toThrow("STORE_DATABASE_UNREADABLE");
    writer.close();
  });
});

describe("a database without a log", () => {
  it("is waited for while a transaction is under way", async () => {
    const store = makeStore(temporaryFolder(), PATHS, "truncate");
    const writer = new DatabaseSync(store.databaseFile);
    writer.exec("PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN IMMEDIATE");
    insert(writer, [{ name: "new" }]);
    expect(fs.statSync(`${store.databaseFile}-journal`).size).toBeGreaterThan(0);
    const reading = namesOf(store, "new");
    await delay(SETTLED);
    writer.exec("COMMIT");
    writer.close();
    expect(await reading).toEqual(["new"]);
  });

  it("is given up when it never settles", async () => {
    const store = makeStore(temporaryFolder(), PATHS, "truncate");
    fs.writeFileSync(`${store.databaseFile}-journal`, "left by a writer that crashed");
    const error = await failureOf(() => readConsistently(store.databaseFile, () => true, 300));
    expect(error.code).toBe("STORE_DATABASE_UNREADABLE");
    expect(error.message).toContain("is being written all the time");
  });
});

describe("a database that cannot be read", () => {
  it.each([
    ["there is no Nix database", (file: string) => fs.rmSync(file)],
    ["is not an SQLite database", (file: string) => fs.writeFileSync(file, "hello")],
    ["is not an SQLite database", (file: string) => fs.truncateSync(file, 0)],
    ["no such table", (file: string) => dropTables(file)],
    ["malformed", (file: string) => fs.truncateSync(file, 5000)],
  ])("is a failure of its own: %s", async (reason, damage) => {
    const store = makeStore(temporaryFolder(), PATHS);
    damage(store.databaseFile);
    const error = await failureOf(() => namesOf(store, "app"));
    expect(error.code).toBe("STORE_DATABASE_UNREADABLE");
    expect(error.message).toContain(store.databaseFile);
    expect(error.message).toContain(reason);
  });

  it("because of its permissions", async () => {
    const store = makeStore(temporaryFolder(), PATHS);
    fs.chmodSync(store.databaseFile, 0);
    expect(() => closureAsNobody(store)).toThrow("STORE_DATABASE_UNREADABLE");
  });
});

describe("node:sqlite", () => {
  it("is loaded when it is needed, without a warning", () => {
    const store = makeStore(temporaryFolder(), PATHS);
    const script = `
      const before = process.moduleLoadList.includes("NativeModule sqlite");
      ${IMPORTS}
      ${READ}
      process.emitWarning("still heard");
      console.log(before, process.moduleLoadList.includes("NativeModule sqlite"), infos.length);`;
    const { stdout, stderr } = runScript(script, store.root!, storePath("app"));
    expect(stdout).toBe("false true 3\n");
    expect(stderr).toContain("still heard");
    expect(stderr).not.toContain("SQLite");
  });
});

const SOURCES = path.resolve(import.meta.dirname, "../../../src/sources/nix");
const IMPORTS = `
  const { NixStore } = await import(${JSON.stringify(`${SOURCES}/store.ts`)});
  const { closureFromDatabase } = await import(${JSON.stringify(`${SOURCES}/store-database.ts`)});`;
const READ = `
  const [root, ...roots] = process.argv.slice(1);
  const infos = await closureFromDatabase(new NixStore({ storeRoot: root }, {}), roots);`;

/** Reads a closure in a process that owns nothing of the store. */
function closureAsNobody(store: NixStore, name = "app"): unknown[] {
  const folder = path.dirname(store.databaseFile);
  // Root may read and write everything; others are kept out by the modes.
  const isRoot = process.getuid?.() === 0;
  if (!isRoot) fs.chmodSync(folder, 0o555);
  for (let above = folder; above !== path.dirname(store.root!); above = path.dirname(above)) {
    if (isRoot) fs.chmodSync(above, 0o755);
  }
  try {
    // Its modules may lie where only root may look: it becomes somebody else when it has them.
    const becomeNobody = isRoot ? "process.setgid(65534); process.setuid(65534);" : "";
    const script = `${IMPORTS}\n${becomeNobody}\n${READ}\nconsole.log(JSON.stringify(infos));`;
    const { stdout } = runScript(script, store.root!, storePath(name));
    return JSON.parse(stdout) as unknown[];
  } finally {
    fs.chmodSync(folder, 0o755);
  }
}

function runScript(
  script: string,
  root: string,
  storePathToRead: string,
): { stdout: string; stderr: string } {
  const errors = path.join(temporaryFolder(), "stderr");
  const fd = fs.openSync(errors, "w");
  try {
    const stdout = execFileSync(
      process.execPath,
      ["--input-type=module", "-e", script, root, storePathToRead],
      {
        encoding: "utf8",
        stdio: ["ignore", "pipe", fd],
      },
    );
    return { stdout, stderr: fs.readFileSync(errors, "utf8") };
  } catch (error) {
    throw new Error(fs.readFileSync(errors, "utf8"), { cause: error });
  } finally {
    fs.closeSync(fd);
  }
}

function dropTables(file: string): void {
  const database = new DatabaseSync(file);
  database.exec("DROP TABLE Refs; DROP TABLE ValidPaths;");
  database.close();
}
