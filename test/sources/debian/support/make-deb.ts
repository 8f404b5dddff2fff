import * as zlib from "node:zlib";
import type { TarEntryType } from "../../../../src/tar/entry.ts";
import { endOfArchiveLength, HeaderWriter, paddingOf } from "../../../../src/tar/header.ts";

/** An entry of data.tar: a file's content, or what else it is. */
type DebContent =
  | string
  | { readonly link: string }
  | { readonly hardlink: string }
  | { readonly directory: number; readonly gid?: number }
  | { readonly type: "fifo" };

export interface DebInput {
  readonly control: string;
  /** Other files of control.tar. */
  readonly scripts?: Readonly<Record<string, string>>;
  /** By paths as they stand in the archive, `./usr/bin/app`. */
  readonly data: Readonly<Record<string, DebContent>>;
  readonly compression?: "gz" | "zst" | "none";
}

/** A binary package, made without dpkg. */
export function makeDeb({ control, scripts = {}, data, compression = "gz" }: DebInput): Buffer {
  const controlFiles = Object.entries({ control, ...scripts });
  const controlTar = tarOf(controlFiles.map(([name, content]) => [`./${name}`, content]));
  return arOf([
    ["debian-binary", Buffer.from("2.0\n")],
    ["control.tar.gz", zlib.gzipSync(controlTar)],
    compressed(tarOf(Object.entries(data)), compression),
  ]);
}

function compressed(tar: Buffer, compression: "gz" | "zst" | "none"): [string, Buffer] {
  if (compression === "gz") return ["data.tar.gz", zlib.gzipSync(tar)];
  if (compression === "zst") return ["data.tar.zst", zlib.zstdCompressSync(tar)];
  return ["data.tar", tar];
}

export function arOf(members: ReadonlyArray<readonly [name: string, content: Buffer]>): Buffer {
  const parts = members.flatMap(([name, content]) => [
    Buffer.from(
      `${name.padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6)}${"0".padEnd(6)}${"100644".padEnd(8)}${String(content.length).padEnd(10)}\`\n`,
    ),
    content,
    Buffer.alloc(content.length % 2, "\n"),
  ]);
  return Buffer.concat([Buffer.from("!<arch>\n"), ...parts]);
}

function tarOf(entries: ReadonlyArray<readonly [name: string, content: DebContent]>): Buffer {
  const writer = new HeaderWriter({ uid: 0, gid: 0, uname: "root", gname: "root", mtime: 77 });
  const parts = entries.flatMap(([name, content]) => {
    const bytes = Buffer.from(typeof content === "string" ? content : "");
    const [type, link, mode, gid = 0] = factsOf(content);
    const owner = { uid: 0, gid, uname: "root", gname: gid === 0 ? "root" : "staff" };
    const header = writer.bytes({ name, type, mode, size: bytes.length, link, owner });
    if (typeof content === "object" && "type" in content) makePipe(header);
    return [header, bytes, Buffer.alloc(paddingOf(bytes.length))];
  });
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([...parts, Buffer.alloc(endOfArchiveLength(length))]);
}

function factsOf(content: DebContent): [TarEntryType, string, number, number?] {
  if (typeof content === "string") return ["file", "", content.startsWith("#!") ? 0o755 : 0o644];
  if ("link" in content) return ["symlink", content.link, 0o777];
  if ("hardlink" in content) return ["hardlink", content.hardlink, 0o644];
  if ("directory" in content) return ["directory", "", content.directory, content.gid ?? 0];
  return ["file", "", 0o644];
}

/** Turns a file's header into that of a named pipe. */
function makePipe(header: Buffer): void {
  header.write("6", 156, "latin1");
  header.write(" ".repeat(8), 148, "latin1");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
}
