import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { flatTar } from "../../src/archives/flat-tar.ts";
import { RECORD_SIZE } from "../../src/tar/header.ts";
import { memberHeader } from "../../src/tar/member-header.ts";
import { readMembers } from "../../src/tar/reader.ts";
import type { TarMember } from "../../src/tar/reader.ts";
import { tarLayer } from "../support/images.ts";
import { failureOf } from "../support/failures.ts";
import { END_OF_ARCHIVE } from "../tar/support/raw-tar.ts";

type Made = Partial<Omit<TarMember, "size">> & { readonly name: string; readonly text?: string };

function layerOf(...members: readonly Made[]): Buffer {
  const parts = members.flatMap(({ text = "", ...fields }) => [
    memberHeader({
      typeFlag: fields.name.endsWith("/") ? "5" : "0",
      link: "",
      mode: 0o644,
      owner: { uid: 0, gid: 0, uname: "", gname: "" },
      mtime: 1,
      size: text.length,
      ...fields,
    }),
    Buffer.from(text.padEnd(Math.ceil(text.length / 512) * 512, "\0")),
  ]);
  return Buffer.concat([...parts, END_OF_ARCHIVE]);
}

async function flatBytes(layers: readonly Buffer[], mtime?: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const made = layers.map((layer) => tarLayer(layer));
  for await (const part of flatTar(made, { mtime })) parts.push(part);
  return Buffer.concat(parts);
}

type Flat = TarMember & { readonly text: string };

async function flatOf(layers: readonly Buffer[], mtime?: number): Promise<Flat[]> {
  const tar = await flatBytes(layers, mtime);
  expect(tar.length % RECORD_SIZE).toBe(0);
  const at = (offset: number, length: number): Buffer => tar.subarray(offset, offset + length);
  return [...readMembers(at)].map((member) =>
    Object.assign(member, { text: at(member.offset, member.size).toString("latin1") }),
  );
}

/** Names and what is there. */
const shown = (members: readonly Flat[]): Record<string, string> =>
  Object.fromEntries(
    members.map(({ name, typeFlag, link, text }) => [name, `${typeFlag}${link}${text}`]),
  );

describe("the files of an image as one tar", () => {
  it("are those of the upper layers, folders merged", async () => {
    const lower = layerOf(
      { name: "a/" },
      { name: "a/one", text: "1" },
      { name: "a/two", text: "2" },
    );
    const upper = layerOf({ name: "./a/", mode: 0o700 }, { name: "./a/two", text: "new" });
    const members = await flatOf([lower, upper]);
    expect(shown(members)).toEqual({ "./a/": "5", "./a/one": "01", "./a/two": "0new", "./": "5" });
    expect(members.find(({ name }) => name === "./a/")?.mode).toBe(0o700);
  });

  it("are not those that whiteouts remove, wherever these stand in their layer", async () => {
    const lower = layerOf(
      { name: "gone" },
      { name: "d/" },
      { name: "d/in" },
      { name: "o/" },
      { name: "o/below" },
      { name: "kept" },
    );
    const upper = layerOf(
      { name: "o/above", text: "x" },
      { name: ".wh.gone" },
      { name: ".wh.d" },
      { name: "o/.wh..wh..opq" },
      { name: ".wh..wh.plnk/" },
      { name: "d2", text: "y" },
    );
    expect(shown(await flatOf([lower, upper]))).toEqual({
      "./": "5",
      "./o/": "5",
      "./o/above": "0x",
      "./kept": "0",
      "./d2": "0y",
    });
  });

  it("replace a folder by a file and a link by a folder, with what is in them", async () => {
    const lower = layerOf(
      { name: "d/" },
      { name: "d/in" },
      { name: "bin", typeFlag: "2", link: "usr/bin" },
    );
    const upper = layerOf({ name: "d", text: "file" }, { name: "bin/sh", text: "sh" });
    expect(shown(await flatOf([lower, upper]))).toEqual({
      "./": "5",
      "./d": "0file",
      "./bin/": "5",
      "./bin/sh": "0sh",
    });
  });

  it("keep hard links, also to a file that is gone or replaced", async () => {
    const lower = layerOf(
      { name: "one", text: "content", mode: 0o4755 },
      { name: "two", typeFlag: "1", link: "one" },
      { name: "three", typeFlag: "1", link: "./one" },
    );
    const upper = layerOf({ name: ".wh.one" }, { name: "d/" });
    const members = await flatOf([lower, upper]);
    expect(shown(members)).toEqual({
      "./": "5",
      "./d/": "5",
      "./three": "0content",
      "./two": "1./three",
    });
    expect(members.find(({ name }) => name === "./three")?.mode).toBe(0o4755);
  });

  it("keep owners, dates, modes, devices, pipes, attributes and long names", async () => {
    const owner = { uid: 3_000_000, gid: 7, uname: "me", gname: "we" };
    const xattrs = { "security.capability": "\x01\0\0\x02" };
    const name = `${"x".repeat(120)}/\xc3\xa4`;
    const given: Made[] = [
      { name: "null", typeFlag: "3", device: [1, 3], owner, mtime: 12345 },
      { name: "pipe", typeFlag: "6", mode: 0o600 },
      { name, text: "y", xattrs, owner, mode: 0o2755, mtime: 2 ** 33 },
      { name: "link", typeFlag: "2", link: "z".repeat(150), mode: 0o777 },
    ];
    const members = await flatOf([layerOf(...given)]);
    for (const { name: own, text: _text, ...fields } of given) {
      expect(members.find((member) => member.name === `./${own}`)).toMatchObject(fields);
    }
  });

  it("take one date if asked", async () => {
    const members = await flatOf([layerOf({ name: "a/b", mtime: 5 })], 315_532_800);
    expect(new Set(members.map(({ mtime }) => mtime))).toEqual(new Set([315_532_800]));
  });

  it("are told of when a hard link leads to nothing", async () => {
    const layer = layerOf({ name: "two", typeFlag: "1", link: "one" });
    expect((await failureOf(flatBytes([layer]))).code).toBe("LAYER_DAMAGED");
  });

  it("come each once, folders first, whatever the layers are", async () => {
    const names = fc.constantFrom("a", "b", "c");
    const paths = fc.array(names, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
    const entries = fc.tuple(paths, fc.constantFrom("", "/", ".wh.")).map(([path, kind]): Made => {
      if (kind !== ".wh.") return { name: `${path}${kind}` };
      return { name: path.replace(/[^/]+$/, ".wh.$&") };
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(entries), { maxLength: 4 }), async (layers) => {
        const flat = await flatOf(layers.map((members) => layerOf(...members)));
        const seen = new Set<string>();
        for (const { name } of flat) {
          const parent = name.replace(/[^/]+\/?$/, "");
          if (name !== "./") expect(seen.has(parent)).toBe(true);
          expect(seen.has(name.replace(/\/$/, "")) || seen.has(name)).toBe(false);
          seen.add(name);
        }
        expect(flat.some(({ name }) => name.includes(".wh."))).toBe(false);
      }),
      { numRuns: 50 },
    );
  });
});
