import { crc32, gzipSync } from "node:zlib";
import * as crypto from "node:crypto";
import { HeaderWriter, paddingOf } from "../../../../src/tar/header.ts";
import type { TarEntryType } from "../../../../src/tar/entry.ts";

export interface TarballFile {
  readonly name: string;
  readonly content?: string;
  readonly mode?: number;
  readonly type?: TarEntryType;
  readonly link?: string;
}

/** A published package as npm packs it: everything in a folder `package`. */
export function tarballOf(files: readonly TarballFile[]): Buffer {
  const headers = new HeaderWriter({
    uid: 501,
    gid: 20,
    uname: "me",
    gname: "staff",
    mtime: 499162500,
  });
  const parts: Buffer[] = [];
  for (const { name, content = "", mode = 0o644, type = "file", link = "" } of files) {
    const body = Buffer.from(content);
    parts.push(headers.bytes({ name, type, mode, size: body.length, link }));
    parts.push(body, Buffer.alloc(paddingOf(body.length)));
  }
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(1024)]));
}

export function integrityOf(tarball: Buffer): string {
  return `sha512-${crypto.hash("sha512", tarball, "base64")}`;
}

/** The same bytes with one changed in the middle of what is compressed. */
export function damage(tarball: Buffer): Buffer {
  const copy = Buffer.from(tarball);
  copy[copy.length >> 1]! ^= 0xff;
  if (crc32(copy) === crc32(tarball)) throw new Error("nothing changed");
  return copy;
}
