import { VarveError } from "../errors.ts";
import type { ByteString } from "../tar/byte-string.ts";
import { BLOCK_SIZE } from "../tar/header.ts";
import { isChecksumRight, numberAt, textAt } from "../tar/header-fields.ts";

/** A header's fields as they stand: who compares wants every one, also those nobody heeds. */
export interface RawHeader {
  readonly name: ByteString;
  readonly typeFlag: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly link: ByteString;
  readonly uname: ByteString;
  readonly gname: ByteString;
  /** `major,minor`, or empty. */
  readonly device: string;
}

/** A header block's fields; undefined for a block of zeros, which ends an archive. */
export function parseHeader(block: Buffer, offset: number): RawHeader | undefined {
  if (block.length < BLOCK_SIZE) tarDamaged(offset, "it ends in the middle of a header");
  if (block.every((byte) => byte === 0)) return undefined;
  if (!isChecksumRight(block)) tarDamaged(offset, "a header's checksum is wrong");
  const isPosix = block.toString("latin1", 257, 263) === "ustar\0";
  const prefix = isPosix ? textAt(block, 345, 155) : "";
  const name = textAt(block, 0, 100);
  const [major, minor] = [numberAt(block, 329, 8), numberAt(block, 337, 8)];
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    typeFlag: block[156] === 0 ? "0" : String.fromCharCode(block[156]!),
    mode: numberAt(block, 100, 8),
    uid: numberAt(block, 108, 8),
    gid: numberAt(block, 116, 8),
    size: numberAt(block, 124, 12),
    mtime: numberAt(block, 136, 12),
    link: textAt(block, 157, 100),
    uname: textAt(block, 265, 32),
    gname: textAt(block, 297, 32),
    device: major === 0 && minor === 0 ? "" : `${major},${minor}`,
  };
}

/**
 * The records of an extended header (POSIX.1-2017, pax).
 *
 * @throws VarveError `TAR_DAMAGED`
 */
export function parseRecords(body: Buffer, offset: number): Array<[string, ByteString]> {
  const text = body.toString("latin1");
  const records: Array<[string, ByteString]> = [];
  let at = 0;
  while (at < text.length) {
    const length = Number(/^(\d{1,9}) /.exec(text.slice(at, at + 10))?.[1] ?? 0);
    const record = text.slice(text.indexOf(" ", at) + 1, at + length);
    const equals = record.indexOf("=");
    if (length === 0 || at + length > text.length || equals === -1 || !record.endsWith("\n")) {
      tarDamaged(offset, "an extended header is malformed");
    }
    records.push([record.slice(0, equals), record.slice(equals + 1, -1)]);
    at += length;
  }
  return records;
}

export function tarDamaged(offset: number, what: string): never {
  throw new VarveError("TAR_DAMAGED", `the tar is damaged at byte ${offset}: ${what}`);
}
