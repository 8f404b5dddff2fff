import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";

/** Which rooms a room may import from: ARCHITECTURE.md, "Rooms". */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  assembly: [
    "archives",
    "closure",
    "image",
    "layering",
    "packing",
    "recipe",
    "sources",
    "tar",
    "transports",
  ],
  archives: ["image", "io", "tar"],
  cli: [
    "archives",
    "assembly",
    "closure",
    "comparison",
    "destinations",
    "engine",
    "image",
    "io",
    "layering",
    "oci-layout",
    "packing",
    "progress",
    "recipe",
    "registry",
    "sources",
    "transports",
    "wording",
  ],
  closure: [],
  comparison: ["archives", "closure", "image", "packing", "tar", "wording"],
  destinations: [
    "archives",
    "engine",
    "image",
    "io",
    "oci-layout",
    "packing",
    "progress",
    "registry",
    "transports",
  ],
  engine: [],
  image: [],
  io: [],
  layering: ["closure", "wording"],
  "oci-layout": ["archives", "image", "io", "tar"],
  packing: ["image", "io", "tar"],
  progress: ["wording"],
  registry: ["image"],
  recipe: ["image", "wording"],
  sources: ["archives", "closure", "image", "io", "packing", "tar", "wording"],
  tar: [],
  transports: ["archives", "engine", "image", "io", "oci-layout", "registry"],
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
    expect(Object.keys(MAY_IMPORT)).toEqual(expect.arrayContaining(rooms.map(({ name }) => name)));
  });
});

function filesIn(folder: string): string[] {
  if (!fs.existsSync(folder)) return [];
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
