import { VarveError } from "../errors.ts";
import { displayText } from "./byte-string.ts";
import type { ByteString } from "./byte-string.ts";
import type { Owner, Xattrs } from "./entry.ts";
import { BLOCK_SIZE, paddingOf } from "./header.ts";
import { isChecksumRight, numberAt, textAt } from "./header-fields.ts";
import { XATTR_PREFIX } from "./pax.ts";

/** Reads `length` bytes at `offset` of an archive; fewer only at its end. */
export type ReadAt = (offset: number, length: number) => Buffer;

/** A member as a reader finds it, with the place of its content. */
export interface TarMember {
  readonly name: ByteString;
  /** The type flag as it stands: `0` file, `1` hard link, `2` symlink, `5` directory, … */
  readonly typeFlag: string;
  readonly link: ByteString;
  readonly size: number;
  /** Offset of the content in the archive. */
  readonly offset: number;
  /** Permission bits, 0…0o7777. */
  readonly mode: number;
  readonly owner: Owner;
  /** Seconds since 1970, without their fraction. */
  readonly mtime: number;
  /** Major and minor number of a device; absent for all else. */
  readonly device?: readonly [major: number, minor: number];
  /** Extended attributes; absent when there are none. */
  readonly xattrs?: Xattrs;
}

const PAX_NEXT = "x";
const PAX_GLOBAL = "g";
const GNU_LONG_NAME = "L";
const GNU_LONG_LINK = "K";
/** Headers that describe the next member rather than being one. */
const EXTENSIONS = new Set([PAX_NEXT, PAX_GLOBAL, GNU_LONG_NAME, GNU_LONG_LINK]);
/** Links, devices, directories, pipes: nothing follows the header, whatever size it gives. */
const WITHOUT_CONTENT = new Set(["1", "2", "3", "4", "5", "6"]);
const DEVICES = new Set(["3", "4"]);
/** An extended header of more than this many bytes is damage, not a name. */
const LARGEST_EXTENSION = 1 << 20;
/** Sizes up to this many bytes can be added to an offset without loss. */
const LARGEST_SIZE = 2 ** 52;

/**
 * The members of a tar: ustar, PAX and GNU long names, sizes in octal or base 256.
 *
 * @throws VarveError `TAR_DAMAGED`, with the offset
 */
export function* readMembers(readAt: ReadAt): Generator<TarMember, void, undefined> {
  const headers = new MemberHeaders();
  let offset = 0;
  for (;;) {
    const header = headers.read(readAt(offset, BLOCK_SIZE), offset);
    if (header === undefined) return;
    offset += BLOCK_SIZE;
    if ("extension" in header) {
      headers.extend(header, readAt(offset, header.size), offset);
      offset += header.size + paddingOf(header.size);
    } else {
      offset += header.size + paddingOf(header.size);
      yield header;
    }
  }
}

/** An extended header; its body of `size` bytes follows. */
export interface TarExtension {
  /** Its type flag. */
  readonly extension: string;
  readonly size: number;
}

/** Reads headers one after the other, and keeps what extended ones say for the next member. */
export class MemberHeaders {
  #pending: Overrides = {};

  /**
   * @param block the 512 bytes at `offset`, or fewer at the end
   * @returns undefined at the end of the archive
   * @throws VarveError `TAR_DAMAGED`
   */
  read(block: Buffer, offset: number): TarMember | TarExtension | undefined {
    if (block.length === 0 || isZero(block)) return undefined;
    if (block.length < BLOCK_SIZE) damaged(offset, "it ends in the middle of a header");
    if (!isChecksumRight(block)) damaged(offset, "a header's checksum is wrong");
    const typeFlag = block[156] === 0 ? "0" : String.fromCharCode(block[156]!);
    const ownSize = checkedSize(numberAt(block, 124, 12), offset);
    if (EXTENSIONS.has(typeFlag)) {
      if (ownSize > LARGEST_EXTENSION) {
        damaged(offset + BLOCK_SIZE, "an extended header is too long");
      }
      return { extension: typeFlag, size: ownSize };
    }
    const pending = this.#pending;
    this.#pending = {};
    return {
      name: pending.name || nameOf(block),
      typeFlag,
      link: pending.link || textAt(block, 157, 100),
      size: WITHOUT_CONTENT.has(typeFlag) ? 0 : (pending.size ?? ownSize),
      offset: offset + BLOCK_SIZE,
      mode: numberAt(block, 100, 8) & 0o7777,
      owner: {
        uid: pending.uid ?? numberAt(block, 108, 8),
        gid: pending.gid ?? numberAt(block, 116, 8),
        uname: pending.uname ?? displayText(textAt(block, 265, 32)),
        gname: pending.gname ?? displayText(textAt(block, 297, 32)),
      },
      mtime: pending.mtime ?? numberAt(block, 136, 12),
      ...(DEVICES.has(typeFlag)
        ? { device: [numberAt(block, 329, 8), numberAt(block, 337, 8)] as const }
        : {}),
      ...(pending.xattrs === undefined ? {} : { xattrs: pending.xattrs }),
    };
  }

  /** @throws VarveError `TAR_DAMAGED` */
  extend({ extension, size }: TarExtension, body: Buffer, offset: number): void {
    if (body.length < size) damaged(offset, "it ends in the middle of an extended header");
    if (extension === PAX_GLOBAL) return;
    Object.assign(this.#pending, overridesOf(extension, body, offset));
  }
}

interface Overrides {
  name?: ByteString;
  link?: ByteString;
  size?: number;
  uid?: number;
  gid?: number;
  uname?: string;
  gname?: string;
  mtime?: number;
  xattrs?: Record<string, ByteString>;
}

function overridesOf(typeFlag: string, body: Buffer, offset: number): Overrides {
  const text = body.toString("latin1");
  if (typeFlag === GNU_LONG_NAME) return { name: text.replace(/\0.*$/s, "") };
  if (typeFlag === GNU_LONG_LINK) return { link: text.replace(/\0.*$/s, "") };
  const overrides: Overrides = {};
  let at = 0;
  while (at < text.length) {
    const match = /^(\d{1,7}) /.exec(text.slice(at, at + 8));
    const length = match === null ? 0 : Number(match[1]);
    const record = text.slice(at + (match?.[0].length ?? 0), at + length);
    const equals = record.indexOf("=");
    if (at + length > text.length || equals === -1 || !record.endsWith("\n")) {
      damaged(offset, "an extended header is malformed");
    }
    const key = record.slice(0, equals);
    const value = record.slice(equals + 1, -1);
    if (key === "path") overrides.name = value;
    else if (key === "linkpath") overrides.link = value;
    else if (key === "size")
      overrides.size = checkedSize(/^\d+$/.test(value) ? Number(value) : Number.NaN, offset);
    else if ((key === "uid" || key === "gid") && /^\d+$/.test(value)) {
      overrides[key] = Number(value);
    } else if (key === "mtime" && /^-?\d+(?:\.\d*)?$/.test(value)) {
      overrides.mtime = Math.floor(Number(value));
    } else if (key === "uname" || key === "gname") overrides[key] = displayText(value);
    else if (key.startsWith(XATTR_PREFIX)) {
      overrides.xattrs ??= {};
      overrides.xattrs[key.slice(XATTR_PREFIX.length)] = value;
    }
    at += length;
  }
  return overrides;
}

function nameOf(block: Buffer): ByteString {
  const name = textAt(block, 0, 100);
  const isPosix = block.toString("latin1", 257, 263) === "ustar\0";
  const prefix = isPosix ? textAt(block, 345, 155) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** A length that some file could have. */
function checkedSize(size: number, offset: number): number {
  if (Number.isInteger(size) && size >= 0 && size <= LARGEST_SIZE) return size;
  return damaged(offset, "a size is not a number of bytes");
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

function damaged(offset: number, what: string): never {
  throw new VarveError("TAR_DAMAGED", `the tar is damaged at byte ${offset}: ${what}`);
}
