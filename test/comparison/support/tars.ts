import { paxBody } from "../../../src/tar/pax.ts";

/** An entry of a tar with every field that it can have. */
export interface Entry {
  readonly name: string;
  /** The type flag. */
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly uname: string;
  readonly gname: string;
  readonly mtime: number;
  readonly link: string;
  readonly content: Uint8Array;
  /** Value of an extended attribute, `user.x`. */
  readonly xattr?: string;
}

/** An entry as most are, with what is told. */
export function entry(name: string, told: Partial<Entry> = {}): Entry {
  return {
    name,
    type: name.endsWith("/") ? "5" : "0",
    mode: 0o644,
    uid: 0,
    gid: 0,
    uname: "root",
    gname: "root",
    mtime: 1,
    link: "",
    content: Buffer.alloc(0),
    ...told,
  };
}

/** A file with text in it. */
export function file(name: string, text: string, told: Partial<Entry> = {}): Entry {
  return entry(name, { content: Buffer.from(text), ...told });
}

export function tarOf(entries: readonly Entry[]): Buffer {
  const parts = entries.flatMap((one) => {
    if (one.xattr === undefined) return [member(one)];
    const body = Buffer.from(paxBody([["SCHILY.xattr.user.x", one.xattr]]), "latin1");
    return [member({ ...entry("pax"), type: "x", content: body }), member(one)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

function member(one: Entry): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, at: number, digits: number): void => {
    block.write(`${value.toString(8).padStart(digits, "0")}\0`, at, "latin1");
  };
  block.write(one.name, 0, 100, "latin1");
  octal(one.mode, 100, 7);
  octal(one.uid, 108, 7);
  octal(one.gid, 116, 7);
  octal(one.content.length, 124, 11);
  octal(one.mtime, 136, 11);
  block.write(" ".repeat(8), 148, "latin1");
  block.write(one.type, 156, "latin1");
  block.write(one.link, 157, 100, "latin1");
  block.write("ustar\u{0}00", 257, "latin1");
  block.write(one.uname, 265, 32, "latin1");
  block.write(one.gname, 297, 32, "latin1");
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    6,
  );
  const padding = Buffer.alloc((512 - (one.content.length % 512)) % 512);
  return Buffer.concat([block, one.content, padding]);
}
