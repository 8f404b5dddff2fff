import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VarveError } from "../../src/errors.ts";
import type { TarCommon, TarEntry } from "../../src/tar/entry.ts";
import { HeaderWriter, paddingOf } from "../../src/tar/header.ts";
import { readMembers } from "../../src/tar/reader.ts";
import type { TarMember } from "../../src/tar/reader.ts";
import { arbitraryBytes } from "./support/arbitrary-name.ts";
import { END_OF_ARCHIVE, rawHeader, rawMember } from "./support/raw-tar.ts";
import { errorOf } from "../support/failures.ts";

const COMMON: TarCommon = { uid: 0, gid: 0, uname: "", gname: "", mtime: 1 };

function membersOf(...parts: readonly Uint8Array[]): TarMember[] {
  const archive = Buffer.concat(parts);
  return [...readMembers((at, length) => archive.subarray(at, at + length))];
}

describe("reading what we write", () => {
  const id = fc.oneof(fc.nat({ max: 5 }), fc.constantFrom(8 ** 7 - 1, 8 ** 7, 2 ** 32 - 2));
  const ownerName = fc.constantFrom("", "root", "größe", "n".repeat(33));
  const arbitraryOwner = fc.record({ uid: id, gid: id, uname: ownerName, gname: ownerName });
  const arbitraryXattrs = fc.dictionary(
    fc.constantFrom("security.capability", "user.a", "user.b", "user.é"),
    fc.oneof(arbitraryBytes(30), fc.string({ unit: "binary-ascii", maxLength: 9 })),
    { minKeys: 1, noNullPrototype: true },
  );
  const arbitraryEntry = fc
    .record({
      name: fc.oneof(
        arbitraryBytes(30),
        fc.integer({ min: 95, max: 300 }).map((length) => "n".repeat(length)),
      ),
      type: fc.constantFrom<TarEntry["type"]>("file", "directory", "symlink", "hardlink"),
      link: fc.oneof(
        arbitraryBytes(30),
        fc.integer({ min: 95, max: 300 }).map((length) => "l".repeat(length)),
      ),
      mode: fc.nat({ max: 0o7777 }),
      size: fc.nat({ max: 2000 }),
      owner: fc.option(arbitraryOwner, { nil: undefined }),
      xattrs: fc.option(arbitraryXattrs, { nil: undefined }),
    })
    .map(({ name, type, link, mode, size, owner, xattrs }): TarEntry => ({
      name: name || "x",
      type,
      link: type.endsWith("link") ? link || "y" : "",
      mode,
      size: type === "file" ? size : 0,
      owner,
      xattrs,
    }));

  it("gives every member with its names and the place of its content", () => {
    fc.assert(
      fc.property(fc.array(arbitraryEntry, { maxLength: 6 }), (entries) => {
        const writer = new HeaderWriter(COMMON);
        const parts: Buffer[] = [];
        const expected: TarMember[] = [];
        let offset = 0;
        for (const entry of entries) {
          const { name, type, link, size, mode, owner, xattrs } = entry;
          const header = writer.bytes(entry);
          expect(header.length).toBe(writer.length(entry));
          const content = Buffer.alloc(size + paddingOf(size), "c");
          offset += header.length;
          const typeFlag = { file: "0", hardlink: "1", symlink: "2", directory: "5" }[type];
          expected.push({
            name,
            typeFlag,
            link,
            size,
            offset,
            mode,
            owner: owner ?? { uid: 0, gid: 0, uname: "", gname: "" },
            mtime: COMMON.mtime,
            ...(xattrs === undefined ? {} : { xattrs }),
          });
          offset += content.length;
          parts.push(header, content);
        }
        expect(membersOf(...parts, END_OF_ARCHIVE)).toEqual(expected);
      }),
    );
  });

  it("passes over content of any length without reading it", () => {
    const size = 2 ** 40 + 1;
    const header = new HeaderWriter(COMMON).bytes({
      name: "big",
      type: "file",
      mode: 0,
      size,
      link: "",
    });
    const next = header.length + size + 511;
    const asked: number[] = [];
    const members = [
      ...readMembers((at, length) => {
        asked.push(at);
        if (at < header.length) return header.subarray(at, at + length);
        return at === next ? rawHeader({ name: "after" }) : Buffer.alloc(0);
      }),
    ];
    expect(members.map(({ name, size: found }) => [name, found])).toEqual([
      ["big", size],
      ["after", 0],
    ]);
    expect(asked).toContain(next);
    expect(asked.length).toBe(5);
  });
});

describe("reading what others write", () => {
  it("joins prefix and name in POSIX headers only", () => {
    const header = { name: "name", prefix: "some/folder" };
    expect(membersOf(rawHeader(header))[0]!.name).toBe("some/folder/name");
    // There GNU tar keeps times and sparse maps.
    expect(membersOf(rawHeader({ ...header, magic: "ustar  \0" }))[0]!.name).toBe("name");
    expect(membersOf(rawHeader({ ...header, magic: "" }))[0]!.name).toBe("name");
  });

  it("knows GNU's long names and links", () => {
    const long = "n".repeat(300);
    const target = `../${"t".repeat(200)}`;
    const members = membersOf(
      rawMember({ name: "././@LongLink", typeFlag: "K" }, `${target}\0`),
      rawMember({ name: "././@LongLink", typeFlag: "L" }, `${long}\0`),
      rawHeader({ name: "n".repeat(100), typeFlag: "2", link: "cut" }),
      rawHeader({ name: "next", typeFlag: "2", link: "own" }),
    );
    expect(members.map(({ name, link }) => [name, link])).toEqual([
      [long, target],
      ["next", "own"],
    ]);
  });

  it("knows sizes in base 256", () => {
    const size = `\u0080${"\0".repeat(6)}\u0002${"\0".repeat(3)}\u0005`;
    expect(membersOf(rawHeader({ size }))[0]!.size).toBe(2 ** 33 + 5);
  });

  it.each([
    ["spaces around", "      12 \0", 10],
    ["no end", "000000000012", 10],
    ["nothing", "\0".repeat(12), 0],
  ])("knows octal sizes: %s", (_, size, expected) => {
    expect(membersOf(rawHeader({ size }), Buffer.alloc(512))[0]!.size).toBe(expected);
  });

  it("lets extended headers speak for the next member alone", () => {
    const members = membersOf(
      rawMember({ typeFlag: "g" }, "15 path=global\n"),
      rawMember({ typeFlag: "x" }, "13 path=long\n10 size=3\n"),
      rawMember({ name: "short" }, "abc"),
      rawMember({ name: "next" }, "defg"),
    );
    expect(members.map(({ name, size }) => [name, size])).toEqual([
      ["long", 3],
      ["next", 4],
    ]);
  });

  it("measures an extended header by its own size, whatever one before it says", () => {
    const long = "n".repeat(600);
    const members = membersOf(
      rawMember({ typeFlag: "x" }, "12 size=600\n"),
      rawMember({ typeFlag: "L" }, `${long}\0`),
      rawMember({ name: "short", size: "00000000000\0" }, "c".repeat(600)),
      rawHeader({ name: "next" }),
    );
    expect(members.map(({ name }) => name)).toEqual([long, "next"]);
  });

  it("takes an empty record for none", () => {
    const members = membersOf(
      rawMember({ typeFlag: "x" }, "8 path=\n"),
      rawHeader({ name: "own" }),
    );
    expect(members[0]!.name).toBe("own");
  });

  it.each(["1", "2", "3", "4", "5", "6"])("nothing follows a header of type %s", (typeFlag) => {
    const members = membersOf(
      rawHeader({ name: "a", typeFlag, size: "00000001000\0" }),
      rawHeader({ name: "b" }),
    );
    expect(members.map(({ name, size }) => [name, size])).toEqual([
      ["a", 0],
      ["b", 0],
    ]);
  });

  it.each(["0", "\0", "7", "S", "D"])("content follows a header of type %j", (typeFlag) => {
    const members = membersOf(rawMember({ name: "a", typeFlag }, "abc"), rawHeader({ name: "b" }));
    expect(members.map(({ name, size }) => [name, size])).toEqual([
      ["a", 3],
      ["b", 0],
    ]);
  });

  it("ends at a block of zeros, and at the end of the file", () => {
    const one = rawHeader({ name: "one" });
    expect(membersOf(one, END_OF_ARCHIVE, one).length).toBe(1);
    expect(membersOf(one).length).toBe(1);
    expect(membersOf()).toEqual([]);
  });
});

describe("damage", () => {
  const whole = Buffer.concat([
    rawMember({ typeFlag: "x" }, "13 path=long\n"),
    rawMember({ name: "file" }, "abc"),
    rawMember({ name: "x", typeFlag: "L" }, "long\0"),
    rawHeader({ name: "link", typeFlag: "2", link: "target" }),
    END_OF_ARCHIVE,
  ]);

  it.each([
    ["a checksum that is wrong", [Buffer.alloc(512, "text")], /byte 0: .*checksum/],
    ["half a header", [rawHeader({}), Buffer.alloc(100, 1)], /byte 512: .*middle of a header/],
    ["a size of letters", [rawHeader({ size: "12x" })], /size is not a number/],
    ["a negative size", [rawHeader({ size: "\u00ff".repeat(12) })], /size is not a number/],
    ["a size beyond all files", [rawHeader({ size: `\u0080\u0001` })], /size is not a number/],
    ["a longer extended header", [rawHeader({ typeFlag: "x", size: "77777777" })], /too long/],
    [
      "half an extended header",
      [rawHeader({ typeFlag: "L", size: "77" })],
      /middle of an extended/,
    ],
    ["a record without length", [rawMember({ typeFlag: "x" }, "path=x\n")], /malformed/],
    ["a record of length 0", [rawMember({ typeFlag: "x" }, "0 path=x\n")], /malformed/],
    ["a record too long", [rawMember({ typeFlag: "x" }, "99 path=x\n")], /malformed/],
    ["a record too short", [rawMember({ typeFlag: "x" }, "7 path=x\n")], /malformed/],
    ["a record without value", [rawMember({ typeFlag: "x" }, "7 path\n")], /malformed/],
    ["a size record of letters", [rawMember({ typeFlag: "x" }, "10 size=x\n")], /size is not/],
    ["a negative size record", [rawMember({ typeFlag: "x" }, "11 size=-1\n")], /size is not/],
    ["a fraction of a size", [rawMember({ typeFlag: "x" }, "12 size=1.5\n")], /size is not/],
    [
      "a huge size",
      [rawMember({ typeFlag: "x" }, "29 size=99999999999999999999\n")],
      /size is not/,
    ],
  ] as const)("%s", (_, parts, message) => {
    const error = errorOf(() => membersOf(...parts));
    expect(error.code).toBe("TAR_DAMAGED");
    expect(error.message).toMatch(message);
  });

  it("a byte changed anywhere ends in an error or in members, never otherwise", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: whole.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, bit) => {
          const damaged = Buffer.from(whole);
          damaged[at]! ^= bit;
          expectMembersOrDamage(damaged);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("nor when it ends anywhere", () => {
    for (let length = 0; length < whole.length; length += 7) {
      expectMembersOrDamage(whole.subarray(0, length));
    }
  });

  it("nor when headers with right checksums say anything", () => {
    const field = fc.string({ unit: "binary-ascii", maxLength: 12 });
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            name: field,
            size: fc.oneof(field, fc.constantFrom("00000000010\0", "\u0080", "\u00ff")),
            typeFlag: fc.constantFrom(..."01257xgLKS\0".split("")),
            link: field,
          }),
          { maxLength: 5 },
        ),
        arbitraryBytes(60),
        (headers, body) => {
          expectMembersOrDamage(
            Buffer.concat(headers.flatMap((header) => [rawHeader(header), rawMember({}, body)])),
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** Ends, and goes forward with every member. */
function expectMembersOrDamage(archive: Buffer): void {
  const members: TarMember[] = [];
  try {
    for (const member of readMembers((at, length) => archive.subarray(at, at + length))) {
      expect(member.offset).toBeGreaterThan(members.at(-1)?.offset ?? 0);
      expect(Number.isSafeInteger(member.size) && member.size >= 0).toBe(true);
      members.push(member);
    }
  } catch (error) {
    if (!(error instanceof VarveError)) throw error;
    expect(error.code).toBe("TAR_DAMAGED");
  }
}
