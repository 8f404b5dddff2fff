import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TarCommon, TarEntry } from "../../src/tar/entry.ts";
import { paxBody, paxRecords } from "../../src/tar/pax.ts";
import { arbitraryBytes, latin1 } from "./support/arbitrary-name.ts";

const PLAIN: TarEntry = { name: "/a", type: "file", mode: 0o444, size: 0, link: "" };
const ROOT: TarCommon = { uid: 0, gid: 0, uname: "root", gname: "root", mtime: 1 };

describe("what needs an extended header", () => {
  it.each<[string, Partial<TarEntry & TarCommon>, Array<[string, string]>]>([
    ["nothing", {}, []],
    ["a name of 100 bytes", { name: "n".repeat(100) }, []],
    ["a name of 101 bytes", { name: "n".repeat(101) }, [["path", "n".repeat(101)]]],
    ["a name that is not ASCII", { name: latin1("é") }, [["path", latin1("é")]]],
    ["a link of 100 bytes", { link: "l".repeat(100) }, []],
    ["a link of 101 bytes", { link: "l".repeat(101) }, [["linkpath", "l".repeat(101)]]],
    ["a link that is not UTF-8", { link: "\u00ff" }, [["linkpath", "\u00ff"]]],
    ["a user name of 32 bytes", { uname: "u".repeat(32) }, []],
    ["a user name of 33 bytes", { uname: "u".repeat(33) }, [["uname", "u".repeat(33)]]],
    ["a group name that is not ASCII", { gname: "größe" }, [["gname", latin1("größe")]]],
    ["uid 2097151", { uid: 2_097_151 }, []],
    ["uid 2097152", { uid: 2_097_152 }, [["uid", "2097152"]]],
    ["gid 2097152", { gid: 2_097_152 }, [["gid", "2097152"]]],
    ["one byte less than 8 GiB", { size: 2 ** 33 - 1 }, []],
    ["8 GiB", { size: 2 ** 33 }, [["size", "8589934592"]]],
    ["the second before 1970", { mtime: -1 }, [["mtime", "-1"]]],
    ["the last second in eleven digits", { mtime: 2 ** 33 - 1 }, []],
    ["a second later", { mtime: 2 ** 33 }, [["mtime", "8589934592"]]],
  ])("%s", (_, change, records) => {
    expect(paxRecords({ ...PLAIN, ...change }, { ...ROOT, ...change })).toEqual(records);
  });

  it("comes in one order", () => {
    const big = { name: "n".repeat(101), link: "l".repeat(101), size: 2 ** 33 };
    const far = { uid: 2 ** 21, gid: 2 ** 21, uname: "ü", gname: "ü", mtime: -1 };
    const records = paxRecords({ ...PLAIN, ...big }, far);
    expect(records.map(([key]) => key)).toEqual(
      ["path", "linkpath", "uname", "gname", "uid", "gid", "size", "mtime"], // CPython's
    );
  });
});

describe("records", () => {
  it.each([
    [1, 9],
    [2, 11],
    [90, 99],
    // Two digits would make it 100 bytes, which takes three: so no record is 100 bytes long.
    [91, 101],
    [92, 102],
    [989, 999],
    [990, 1001],
    [9988, 9999],
    [9989, 10_001],
  ])("a value of %i bytes makes a record of %i", (value, length) => {
    const body = paxBody([["path", "v".repeat(value)]]);
    expect(body.length).toBe(length);
    expect(body).toBe(`${length} path=${"v".repeat(value)}\n`);
  });

  it("give their own length, the shortest there is", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("path", "linkpath", "uname"),
        fc.nat({ max: 12_000 }),
        (key, length) => {
          const body = paxBody([[key, "v".repeat(length)]]);
          expect(Number(body.split(" ", 1)[0])).toBe(body.length);
          const shorter = body.length - 1;
          expect(` ${key}=\n`.length + length + String(shorter).length).not.toBe(shorter);
        },
      ),
    );
  });

  it("announce values that are not UTF-8, once and first", () => {
    const body = paxBody([
      ["path", latin1("é")],
      ["linkpath", "\u00ff"],
    ]);
    expect(body).toBe(`21 hdrcharset=BINARY\n11 path=${latin1("é")}\n14 linkpath=\u00ff\n`);
  });

  it("hold any bytes", () => {
    fc.assert(
      fc.property(arbitraryBytes(), (name) => {
        expect(paxBody([["path", name]])).toContain(` path=${name}\n`);
      }),
    );
  });
});
