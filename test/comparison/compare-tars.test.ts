import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareTars } from "../../src/comparison/compare-tars.ts";
import type { TarDifference } from "../../src/comparison/compare-tars.ts";
import { file, tarOf } from "./support/tars.ts";
import type { Entry } from "./support/tars.ts";

function opened(bytes: Buffer, chunk = 1000): () => AsyncIterable<Uint8Array> {
  return async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
  };
}

function compare(a: readonly Entry[], b: readonly Entry[]): Promise<TarDifference> {
  return compareTars(opened(tarOf(a)), opened(tarOf(b), 777));
}

const entry: fc.Arbitrary<Entry> = fc.record({
  type: fc.constantFrom("0", "2", "5"),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.integer({ min: 0, max: 70_000 }),
  gid: fc.integer({ min: 0, max: 70_000 }),
  uname: fc.constantFrom("root", "daemon"),
  gname: fc.constantFrom("root", "daemon"),
  mtime: fc.integer({ min: 0, max: 2 ** 31 }),
  link: fc.constantFrom("", "to/there"),
  content: fc.oneof(
    fc.uint8Array({ maxLength: 2000 }),
    fc.constantFrom(new Uint8Array(70_000), new Uint8Array(140_000).fill(7)),
  ),
  name: fc.constant(""),
});

const entries: fc.Arbitrary<Entry[]> = fc
  .array(entry, { minLength: 1, maxLength: 12 })
  .map((list) =>
    list.map((one, index) => ({
      ...one,
      name: `folder/entry-${index}${one.type === "5" ? "/" : ""}`,
      content: one.type === "0" ? one.content : new Uint8Array(),
      link: one.type === "2" ? "to/there" : "",
    })),
  );

/** A change of one thing that an entry says, and the field in which it is told. */
const mutations: ReadonlyArray<readonly [string, (entry: Entry) => Entry]> = [
  ["mode", (one) => ({ ...one, mode: one.mode ^ 0o020 })],
  ["uid", (one) => ({ ...one, uid: one.uid + 1 })],
  ["gid", (one) => ({ ...one, gid: one.gid + 1 })],
  ["uname", (one) => ({ ...one, uname: `${one.uname}x` })],
  ["gname", (one) => ({ ...one, gname: `${one.gname}x` })],
  ["mtime", (one) => ({ ...one, mtime: one.mtime + 1 })],
  ["link", (one) => ({ ...one, link: `${one.link}x` })],
  ["SCHILY.xattr.user.x", (one) => ({ ...one, xattr: "value" })],
];

describe("compareTars", () => {
  it("finds nothing between equal tars", async () => {
    await fc.assert(
      fc.asyncProperty(entries, async (list) => {
        expect(await compare(list, list)).toEqual({ entries: [] });
      }),
      { numRuns: 30 },
    );
  });

  it("finds and names any single field of any entry that is changed", async () => {
    await fc.assert(
      fc.asyncProperty(
        entries,
        fc.nat(),
        fc.constantFrom(...mutations),
        async (list, position, [field, mutate]) => {
          const index = position % list.length;
          const changed = list.with(index, mutate(list[index]!));
          const { entries: found } = await compare(list, changed);
          expect(found).toMatchObject([
            { path: `folder/entry-${index}`, change: "changed", fields: [{ field }] },
          ]);
          expect(found[0]!.fields).toHaveLength(1);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("finds the first byte of content that differs, however large the file", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 200_000 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (size, position, change) => {
          const content = Buffer.alloc(size, "some text");
          const at = position % size;
          const other = Buffer.from(content);
          other[at] = other[at]! ^ change;
          other.fill(0, Math.min(size, at + 10));
          const before = { ...FILE, name: "a/first" };
          const found = await compare(
            [before, { ...FILE, content }],
            [before, { ...FILE, content: other }],
          );
          expect(found.entries).toMatchObject([{ path: "file", firstDifferentByte: at }]);
          expect(found.entries[0]!.fields.map(({ field }) => field)).toEqual(["content"]);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("tells content that goes on where the other ends, and an empty file", async () => {
    const content = Buffer.from("beginning");
    const longer = Buffer.from("beginning and more");
    const empty = Buffer.alloc(0);
    for (const [a, b, at] of [
      [content, longer, 9],
      [empty, content, 0],
      [content, empty, 0],
    ] as const) {
      const found = await compare([{ ...FILE, content: a }], [{ ...FILE, content: b }]);
      expect(found.entries).toMatchObject([
        { fields: [{ field: "size" }, { field: "content" }], firstDifferentByte: at },
      ]);
    }
  });

  it("tells entries that only one side has, types, places and spellings", async () => {
    const other = { ...FILE, name: "other" };
    expect((await compare([FILE, other], [FILE])).entries).toEqual([
      { path: "other", change: "only-in-a", fields: [] },
    ]);
    expect((await compare([FILE], [FILE, other])).entries).toEqual([
      { path: "other", change: "only-in-b", fields: [] },
    ]);
    expect((await compare([EMPTY], [{ ...EMPTY, type: "5" }])).entries).toMatchObject([
      { fields: [{ field: "type", a: "file", b: "folder" }] },
    ]);
    expect((await compare([FILE], [{ ...FILE, name: "./file" }])).entries).toMatchObject([
      { path: "file", fields: [{ field: "name", a: "file", b: "./file" }] },
    ]);
    expect(await compare([FILE, other], [other, FILE])).toEqual({ entries: [], order: "file" });
  });

  it("tells a path that occurs again apart from its first", async () => {
    const again = { ...FILE, content: Buffer.from("again") };
    const found = await compare([FILE, again], [FILE, { ...again, content: Buffer.from("agaim") }]);
    expect(found.entries).toMatchObject([{ path: "file", firstDifferentByte: 4 }]);
  });

  it("tells tars that say the same in other bytes", async () => {
    const tar = tarOf([FILE]);
    const padded = Buffer.concat([tar, Buffer.alloc(1024)]);
    expect(await compareTars(opened(tar), opened(padded))).toEqual({
      entries: [],
      framing: tar.length,
    });
  });

  it("says where a tar is damaged", async () => {
    const tar = tarOf([FILE, { ...FILE, name: "second" }]);
    const damaged = Buffer.from(tar);
    damaged[1024 + 3] = 1;
    await expect(compareTars(opened(tar), opened(damaged))).rejects.toThrow(
      "the tar is damaged at byte 1024: a header's checksum is wrong",
    );
    await expect(compareTars(opened(tar), opened(tar.subarray(0, 600)))).rejects.toThrow(
      "it ends in the middle of a file",
    );
  });
});

const EMPTY: Entry = file("file", "");
const FILE: Entry = {
  name: "file",
  type: "0",
  mode: 0o644,
  uid: 0,
  gid: 0,
  uname: "root",
  gname: "root",
  mtime: 1,
  link: "",
  content: Buffer.from("content that fills more than a little of its block".repeat(10)),
};
