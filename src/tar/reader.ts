import { VarveError } from "../errors.ts";
import type { ByteString } from "./byte-string.ts";
import { BLOCK_SIZE, paddingOf } from "./header.ts";

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
}

/** Type flags of headers that describe the next member rather than being one. */
const PAX_NEXT = "x";
const PAX_GLOBAL = "g";
const GNU_LONG_NAME = "L";
const GNU_LONG_LINK = "K";
/** An extended header of more than this many bytes is damage, not a name. */
const LARGEST_EXTENSION = 1 << 20;

/**
 * The members of a tar: ustar, PAX and GNU long names, sizes in octal or base 256.
 *
 * @throws VarveError `TAR_DAMAGED`, with the offset
 */
export function* readMembers(readAt: ReadAt): Generator<TarMember, void, undefined> {
  let offset = 0;
  let pending: Overrides = {};
  for (;;) {
    const block = readAt(offset, BLOCK_SIZE);
    if (block.length === 0 || isZero(block)) return;
    if (block.length < BLOCK_SIZE) damaged(offset, "it ends in the middle of a header");
    checkSum(block, offset);
    const typeFlag = block[156] === 0 ? "0" : String.fromCharCode(block[156]!);
    const size = pending.size ?? numberAt(block, 124, 12, offset);
    const content = offset + BLOCK_SIZE;
    offset = content + size + paddingOf(size);
    if ([PAX_NEXT, PAX_GLOBAL, GNU_LONG_NAME, GNU_LONG_LINK].includes(typeFlag)) {
      if (size > LARGEST_EXTENSION) damaged(content, "an extended header is too long");
      const body = readAt(content, size);
      if (body.length < size) damaged(content, "it ends in the middle of an extended header");
      if (typeFlag !== PAX_GLOBAL) Object.assign(pending, overridesOf(typeFlag, body, content));
      continue;
    }
    yield {
      name: pending.name ?? nameOf(block),
      typeFlag,
      link: pending.link ?? textAt(block, 157, 100),
      size: typeFlag === "0" || typeFlag === "7" ? size : 0,
      offset: content,
    };
    pending = {};
  }
}

interface Overrides {
  name?: ByteString;
  link?: ByteString;
  size?: number;
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
    if (length < 5 || at + length > text.length) damaged(offset, "an extended header is malformed");
    const record = text.slice(at + match![0].length, at + length - 1);
    const equals = record.indexOf("=");
    const key = record.slice(0, equals);
    const value = record.slice(equals + 1);
    if (key === "path") overrides.name = value;
    else if (key === "linkpath") overrides.link = value;
    else if (key === "size") overrides.size = Number(value);
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

function textAt(block: Buffer, offset: number, length: number): ByteString {
  const text = block.toString("latin1", offset, offset + length);
  const end = text.indexOf("\0");
  return end === -1 ? text : text.slice(0, end);
}

function numberAt(block: Buffer, offset: number, length: number, at: number): number {
  if ((block[offset]! & 0x80) !== 0) {
    let value = 0;
    for (let index = 1; index < length; index += 1) value = value * 256 + block[offset + index]!;
    return value;
  }
  const text = textAt(block, offset, length).trim();
  if (!/^[0-7]*$/.test(text)) damaged(at, "a size is not a number");
  return text === "" ? 0 : Number.parseInt(text, 8);
}

function checkSum(block: Buffer, offset: number): void {
  let sum = 8 * 0x20;
  for (let index = 0; index < BLOCK_SIZE; index += 1) {
    if (index < 148 || index >= 156) sum += block[index]!;
  }
  if (numberAt(block, 148, 8, offset) !== sum) damaged(offset, "a header's checksum is wrong");
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

function damaged(offset: number, what: string): never {
  throw new VarveError("TAR_DAMAGED", `the tar is damaged at byte ${offset}: ${what}`);
}
