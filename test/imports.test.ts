import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = path.join(import.meta.dirname, "..");
const SOURCE = path.join(ROOT, "src");
const EVERYTHING = "everything";

/** The rooms and what each may import, as ARCHITECTURE.md's table has them. */
const MAY_IMPORT = roomsIn(fs.readFileSync(path.join(ROOT, "ARCHITECTURE.md"), "utf8"));
const IMPORTS = importsByRoom();
const ROOMS = [...MAY_IMPORT.keys()];

describe("imports point one way", () => {
  it("between the rooms that there are", () => {
    expect(ROOMS.toSorted()).toEqual([...IMPORTS.keys()].toSorted());
  });

  it.each(ROOMS)("from %s", (room) => {
    const allowed = MAY_IMPORT.get(room)!;
    const found = IMPORTS.get(room)!;
    if (!allowed.includes(EVERYTHING)) {
      // Neither more nor fewer: an arrow that nobody uses would let anybody use it.
      expect(found).toEqual([...allowed].toSorted());
    }
    const below = new Set(ROOMS.slice(ROOMS.indexOf(room) + 1));
    expect(found.filter((other) => !below.has(other))).toEqual([]);
  });

  it("between files: none comes back to where it began", () => {
    expect(circlesIn(importsByFile())).toEqual([]);
  });
});

/** Loading on demand counts as well: who loads whom is a direction, too. */
function importsByFile(): Map<string, readonly string[]> {
  const names = fs.readdirSync(SOURCE, { recursive: true, encoding: "utf8" });
  return new Map(
    names
      .filter((name) => name.endsWith(".ts"))
      .map((name) => [
        name,
        targetsIn(name).map((target) => path.join(path.dirname(name), target)),
      ]),
  );
}

/** Files from which imports lead back to themselves. */
function circlesIn(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const left = new Map([...imports].map(([name, others]) => [name, new Set(others)]));
  // Whoever imports nothing that is left is in no circle.
  for (;;) {
    const free = [...left].filter(([, others]) => others.size === 0).map(([name]) => name);
    if (free.length === 0) return [...left.keys()];
    for (const name of free) left.delete(name);
    for (const others of left.values()) for (const name of free) others.delete(name);
  }
}

/** What a file imports of ours, types included: a type is knowledge, too. */
function targetsIn(name: string): string[] {
  const text = fs.readFileSync(path.join(SOURCE, name), "utf8");
  return [...text.matchAll(/(?:from|import\()\s*"(\.{1,2}\/[^"]+\.ts)"/g)].map(
    ([, target]) => target!,
  );
}

/** Rows that begin with a folder: the name, and what stands in the last column. */
function roomsIn(markdown: string): Map<string, readonly string[]> {
  const rows = [...markdown.matchAll(/^\| `([a-z/-]+)\/` \|.*\| ([^|]+) \|$/gm)];
  return new Map(
    rows.map(([, room, list]) => [
      room!,
      list === "–" ? [] : list!.split(",").map((n) => n.trim()),
    ]),
  );
}

/** Rooms that a room imports from. */
function importsByRoom(): Map<string, string[]> {
  const rooms = new Map<string, Set<string>>();
  for (const name of fs.readdirSync(SOURCE, { recursive: true, encoding: "utf8" })) {
    const room = roomOf(name);
    if (!name.endsWith(".ts") || room === undefined) continue;
    const others = rooms.get(room) ?? new Set();
    rooms.set(room, others);
    for (const target of targetsIn(name)) {
      const other = roomOf(path.join(path.dirname(name), target));
      if (other !== undefined && other !== room) others.add(other);
    }
  }
  return new Map([...rooms].map(([room, others]) => [room, [...others].toSorted()]));
}

/** Each source is a room of its own; what lies in no folder is in none. */
function roomOf(name: string): string | undefined {
  const [first, second, third] = path.normalize(name).split(path.sep);
  if (first === ".." || second === undefined) return undefined;
  return first === "sources" && third !== undefined ? `${first}/${second}` : first;
}
