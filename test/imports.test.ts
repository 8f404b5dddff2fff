import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";

/** Which rooms a room may import from: ARCHITECTURE.md, "Rooms". */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  assembly: ["archives", "closure", "image", "layering", "packing", "recipe", "tar"],
  archives: ["image", "io", "tar"],
  cli: [
    "archives",
    "assembly",
    "closure",
    "destinations",
    "engine",
    "image",
    "io",
    "layering",
    "packing",
    "progress",
    "recipe",
    "sources",
    "wording",
  ],
  closure: [],
  destinations: ["archives", "engine", "image", "io", "packing", "progress", "registry"],
  engine: [],
  image: [],
  io: [],
  layering: ["closure", "wording"],
  packing: ["image", "io", "tar"],
  progress: ["wording"],
  registry: ["image"],
  recipe: ["image", "wording"],
  sources: ["closure"],
  tar: [],
  wording: [],
};

const SOURCE = path.join(import.meta.dirname, "../src");

describe("imports point one way", () => {
  it.each(Object.keys(MAY_IMPORT))("%s", (room) => {
    const allowed = new Set([room, ...MAY_IMPORT[room]!]);
    const foreign = filesIn(path.join(SOURCE, room)).flatMap((file) =>
      importsOf(file)
        .map((target) => path.relative(SOURCE, target).split(path.sep))
        .filter(([top, below]) => top !== ".." && below !== undefined && !allowed.has(top!))
        .map((target) => `${path.relative(SOURCE, file)} → ${target.join("/")}`),
    );
    expect(foreign).toEqual([]);
  });

  it("every room is on the list", () => {
    const rooms = fs
      .readdirSync(SOURCE, { withFileTypes: true })
      .filter((entry) => entry.isDirectory());
    expect(rooms.map(({ name }) => name).toSorted()).toEqual(Object.keys(MAY_IMPORT).toSorted());
  });
});

function filesIn(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => path.join(folder, name));
}

/** Files of ours that a file imports, types included: a type is knowledge, too. */
function importsOf(file: string): string[] {
  const text = fs.readFileSync(file, "utf8");
  const targets = [...text.matchAll(/(?:from|import\()\s*"(\.{1,2}\/[^"]+)"/g)];
  return targets.map((match) => path.resolve(path.dirname(file), match[1]!));
}
