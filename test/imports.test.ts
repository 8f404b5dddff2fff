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
});

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

/** Files of ours that are imported, types included: a type is knowledge, too. */
function importsByRoom(): Map<string, string[]> {
  const rooms = new Map<string, Set<string>>();
  for (const name of fs.readdirSync(SOURCE, { recursive: true, encoding: "utf8" })) {
    const room = roomOf(name);
    if (!name.endsWith(".ts") || room === undefined) continue;
    const others = rooms.get(room) ?? new Set();
    rooms.set(room, others);
    const text = fs.readFileSync(path.join(SOURCE, name), "utf8");
    for (const [, target] of text.matchAll(/(?:from|import\()\s*"(\.{1,2}\/[^"]+)"/g)) {
      const other = roomOf(path.join(path.dirname(name), target!));
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
