import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TarCommon, TarEntry } from "../../src/tar/entry.ts";
import {
  BLOCK_SIZE,
  endOfArchiveLength,
  HeaderWriter,
  paddingOf,
  RECORD_SIZE,
} from "../../src/tar/header.ts";
import { arbitraryBytes, latin1 } from "./support/arbitrary-name.ts";

const ROOT: TarCommon = { uid: 0, gid: 0, uname: "root", gname: "root", mtime: 1 };
const FILE: TarEntry = { name: "/nix/store/x", type: "file", mode: 0o444, size: 3, link: "" };

function headerOf(entry: Partial<TarEntry>, common: Partial<TarCommon> = {}): Buffer {
  return new HeaderWriter({ ...ROOT, ...common }).bytes({ ...FILE, ...entry });
}

/** Each field of a header block, as it stands, NULs included. */
function fieldsOf(block: Buffer): Record<string, string> {
  const at = (offset: number, length: number): string =>
    block.toString("latin1", offset, offset + length);
  return {
    name: at(0, 100),
    mode: at(100, 8),
    uid: at(108, 8),
    gid: at(116, 8),
    size: at(124, 12),
    mtime: at(136, 12),
    checksum: at(148, 8),
    type: at(156, 1),
    link: at(157, 100),
    magic: at(257, 8),
    uname: at(265, 32),
    gname: at(297, 32),
    devices: at(329, 16),
    prefix: at(345, 155),
    rest: at(500, 12),
  };
}

describe("a header block", () => {
  it("has each field at its place (wire format, section 3.3)", () => {
    const block = headerOf(
      { name: "/nix/store/x", type: "symlink", mode: 0o777, size: 0, link: "../y" },
      { uid: 1000, gid: 100, uname: "me", gname: "users", mtime: 315_532_800 },
    );
    expect(block.length).toBe(512);
    expect(fieldsOf(block)).toEqual({
      name: "/nix/store/x".padEnd(100, "\0"),
      mode: "0000777\0",
      uid: "0001750\0",
      gid: "0000144\0",
      size: "00000000000\0",
      mtime: "02263523000\0",
      checksum: `${checksumOf(block)}\0 `,
      type: "2",
      link: "../y".padEnd(100, "\0"),
      magic: "ustar\u{0}00",
      uname: "me".padEnd(32, "\0"),
      gname: "users".padEnd(32, "\0"),
      devices: "\0".repeat(16),
      prefix: "\0".repeat(155),
      rest: "\0".repeat(12),
    });
  });

  it.each([
    ["file", "0"],
    ["hardlink", "1"],
    ["symlink", "2"],
    ["directory", "5"],
  ] as const)("of a %s has the type flag %s", (type, flag) => {
    expect(fieldsOf(headerOf({ type, size: 0 }))["type"]).toBe(flag);
  });

  it("keeps setuid, setgid and sticky bits", () => {
    expect(fieldsOf(headerOf({ mode: 0o7755 }))["mode"]).toBe("0007755\0");
  });

  it("is filled to the last byte of name and link", () => {
    const [name, link] = ["n".repeat(100), "l".repeat(100)];
    const block = headerOf({ name, link, type: "symlink" });
    expect(block.length).toBe(512);
    expect(fieldsOf(block)).toMatchObject({ name, link });
  });

  it("leaves nothing of what the buffer held before", () => {
    const entry = { ...FILE, name: latin1("/é"), link: "l".repeat(101) };
    const writer = new HeaderWriter(ROOT);
    const used = Buffer.alloc(writer.space(entry), 0xff);
    const length = writer.write(used, 0, entry);
    expect(used.subarray(0, length)).toEqual(writer.bytes(entry));
  });
});

describe("an extended header", () => {
  it("has its name, no owner and no date, and goes before the entry (section 3.4)", () => {
    const name = `/${"n".repeat(100)}`;
    const header = headerOf({ name });
    expect(header.length).toBe(3 * 512);
    const block = header.subarray(0, 512);
    expect(fieldsOf(block)).toEqual({
      name: "././@PaxHeader".padEnd(100, "\0"),
      mode: "0000000\0",
      uid: "0000000\0",
      gid: "0000000\0",
      size: "00000000157\0",
      mtime: "00000000000\0",
      checksum: `${checksumOf(block)}\0 `,
      type: "x",
      link: "\0".repeat(100),
      magic: "ustar\u{0}00",
      uname: "\0".repeat(32),
      gname: "\0".repeat(32),
      devices: "\0".repeat(16),
      prefix: "\0".repeat(155),
      rest: "\0".repeat(12),
    });
    const body = `111 path=${name}\n`;
    expect(header.toString("latin1", 512, 1024)).toBe(body.padEnd(512, "\0"));
    expect(fieldsOf(header.subarray(1024))["name"]).toBe(name.slice(0, 100));
  });

  it.each<[string, Partial<TarEntry & TarCommon>, Record<string, string>]>([
    ["size", { size: 2 ** 33 }, { size: "00000000000\0" }],
    ["uid", { uid: 2 ** 21 }, { uid: "0000000\0", gid: "0000000\0" }],
    ["mtime", { mtime: -1 }, { mtime: "00000000000\0" }],
    ["a later mtime", { mtime: 2 ** 40 }, { mtime: "00000000000\0" }],
    ["é in the name", { name: latin1("/é/x") }, { name: "/?/x".padEnd(100, "\0") }],
    ["😀 in the link", { link: latin1("😀") }, { link: "?".padEnd(100, "\0") }],
    ["two bytes that are no text", { link: "\u00c0\u0080" }, { link: "??".padEnd(100, "\0") }],
    ["ü in the owner", { uname: "ü" }, { uname: "?".padEnd(32, "\0") }],
    ["a long owner", { gname: "g".repeat(40) }, { gname: "g".repeat(32) }],
    [
      "101 characters, 102 bytes",
      { name: latin1(`é${"x".repeat(100)}`) },
      { name: `?${"x".repeat(99)}` },
    ],
  ])("what does not fit stands in for itself: %s", (_, change, fields) => {
    const header = headerOf(change, change);
    expect(fieldsOf(header.subarray(-512))).toMatchObject(fields);
  });

  it("fills exactly one block, or begins the next", () => {
    // `5xx path=` and the newline take 10 bytes.
    expect(headerOf({ name: "n".repeat(502) }).length).toBe(3 * 512);
    expect(headerOf({ name: "n".repeat(503) }).length).toBe(4 * 512);
  });
});

describe("every header", () => {
  const arbitraryEntry = fc.record<TarEntry>({
    name: fc.oneof(
      arbitraryBytes(40),
      fc.integer({ min: 95, max: 105 }).map((length) => "n".repeat(length)),
      fc.integer({ min: 490, max: 515 }).map((length) => "n".repeat(length)),
    ),
    type: fc.constantFrom("file", "directory", "symlink", "hardlink"),
    mode: fc.nat({ max: 0o7777 }),
    size: fc.oneof(fc.nat(), fc.constantFrom(0, 2 ** 33 - 1, 2 ** 33, 2 ** 50)),
    link: fc.oneof(
      arbitraryBytes(40),
      fc.integer({ min: 95, max: 105 }).map((length) => "l".repeat(length)),
    ),
  });
  const arbitraryCommon = fc.record<TarCommon>({
    uid: fc.constantFrom(0, 1000, 2 ** 21 - 1, 2 ** 21, 2 ** 32 - 2),
    gid: fc.constantFrom(0, 1000, 2 ** 21),
    uname: fc.oneof(fc.constantFrom("", "root", "u".repeat(33)), fc.string({ unit: "grapheme" })),
    gname: fc.constantFrom("", "root", "ü"),
    mtime: fc.constantFrom(0, 1, -1, 2 ** 33 - 1, 2 ** 33),
  });

  it("is as long as announced, fits the space asked for, and sums up", () => {
    fc.assert(
      fc.property(arbitraryEntry, arbitraryCommon, (entry, common) => {
        const writer = new HeaderWriter(common);
        const header = writer.bytes(entry);
        expect(header.length % BLOCK_SIZE).toBe(0);
        expect(writer.length(entry)).toBe(header.length);
        expect(writer.space(entry)).toBeGreaterThanOrEqual(header.length);
        for (const block of [header.subarray(0, 512), header.subarray(-512)]) {
          expect(fieldsOf(block)["checksum"]).toBe(`${checksumOf(block)}\0 `);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("padding", () => {
  it.each([
    [0, 0],
    [1, 511],
    [511, 1],
    [512, 0],
    [513, 511],
    [2 ** 33 + 1, 511],
    [2 ** 53 - 512, 0],
  ])("after %i bytes of content: %i", (size, padding) => {
    expect(paddingOf(size)).toBe(padding);
  });

  it.each([
    [0, RECORD_SIZE],
    [512, RECORD_SIZE - 512],
    [RECORD_SIZE - 1024, 1024],
    [RECORD_SIZE - 512, RECORD_SIZE + 512],
    [RECORD_SIZE, RECORD_SIZE],
    [2 ** 40, 6144],
  ])("at the end of %i bytes: %i", (size, end) => {
    expect(endOfArchiveLength(size)).toBe(end);
  });
});

/** Six octal digits: the sum of all bytes, those of the checksum taken for spaces. */
function checksumOf(block: Buffer): string {
  const sum = block.reduce((total, byte, index) => {
    return total + (index >= 148 && index < 156 ? 0x20 : byte);
  }, 0);
  return sum.toString(8).padStart(6, "0");
}
