import { byteStringOf, isAscii, pythonCodePoints } from "./byte-string.ts";
import type { ByteString } from "./byte-string.ts";
import type { TarCommon, TarEntry, TarEntryType } from "./entry.ts";
import {
  paxBody,
  paxRecords,
  USTAR_ID_LIMIT,
  USTAR_NAME_LENGTH,
  USTAR_NUMBER_LIMIT,
} from "./pax.ts";

/** Everything in a tar comes in blocks of this many bytes. */
export const BLOCK_SIZE = 512;
/** An archive is padded to a multiple of this many bytes (20 blocks). */
export const RECORD_SIZE = 10_240;

const NAME_OFFSET = 0;
const MODE_OFFSET = 100;
const UID_OFFSET = 108;
const GID_OFFSET = 116;
const SIZE_OFFSET = 124;
const MTIME_OFFSET = 136;
const CHECKSUM_OFFSET = 148;
const TYPE_OFFSET = 156;
const LINK_OFFSET = 157;
const MAGIC_OFFSET = 257;
const UNAME_OFFSET = 265;
const GNAME_OFFSET = 297;

const TYPE_FLAGS: Record<TarEntryType, string> = { file: "0", symlink: "2", directory: "5" };
const PAX_TYPE_FLAG = "x";
const PAX_NAME = "././@PaxHeader";

/** Bytes that follow content of `size` bytes up to the next block. */
export function paddingOf(size: number): number {
  return (BLOCK_SIZE - (size % BLOCK_SIZE)) % BLOCK_SIZE;
}

/** Bytes from `size` up to the next full record; an archive ends with at least two zero blocks. */
export function endOfArchiveLength(size: number): number {
  const end = size + 2 * BLOCK_SIZE;
  return Math.ceil(end / RECORD_SIZE) * RECORD_SIZE - size;
}

/**
 * Lays out headers exactly as CPython's tarfile does in its default format, PAX: ustar blocks
 * with NUL device fields, and an extended header only for what does not fit
 * (reference: dockertools-wire-format, sections 3.3 and 3.4).
 */
export class HeaderWriter {
  readonly #common: TarCommon;
  readonly #template: Buffer;
  readonly #templateSum: number;
  readonly #everyEntryExtended: boolean;

  constructor(common: TarCommon) {
    this.#common = common;
    this.#template = Buffer.alloc(BLOCK_SIZE);
    writeText(this.#template, UID_OFFSET, octal(common.uid < USTAR_ID_LIMIT ? common.uid : 0, 7));
    writeText(this.#template, GID_OFFSET, octal(common.gid < USTAR_ID_LIMIT ? common.gid : 0, 7));
    const mtimeFits = common.mtime >= 0 && common.mtime < USTAR_NUMBER_LIMIT;
    writeText(this.#template, MTIME_OFFSET, octal(mtimeFits ? common.mtime : 0, 11));
    writeText(this.#template, MAGIC_OFFSET, "ustar\x0000");
    writeText(this.#template, UNAME_OFFSET, asciiField(byteStringOf(common.uname), 32));
    writeText(this.#template, GNAME_OFFSET, asciiField(byteStringOf(common.gname), 32));
    this.#template.fill(" ", CHECKSUM_OFFSET, CHECKSUM_OFFSET + 8);
    this.#templateSum = sumOf(this.#template, 0, BLOCK_SIZE);
    const plain: TarEntry = { name: "", type: "file", mode: 0, size: 0, link: "" };
    this.#everyEntryExtended = paxRecords(plain, common).length > 0;
  }

  /** The extended header block and its body for this entry, or undefined when none is needed. */
  extended(entry: TarEntry): Buffer | undefined {
    if (!this.#everyEntryExtended && !needsExtension(entry)) return undefined;
    const body = paxBody(paxRecords(entry, this.#common));
    const blocks = Buffer.alloc(BLOCK_SIZE + body.length + paddingOf(body.length));
    writeText(blocks, NAME_OFFSET, PAX_NAME);
    writeText(blocks, MODE_OFFSET, octal(0, 7));
    writeText(blocks, UID_OFFSET, octal(0, 7));
    writeText(blocks, GID_OFFSET, octal(0, 7));
    writeText(blocks, SIZE_OFFSET, octal(body.length, 11));
    writeText(blocks, MTIME_OFFSET, octal(0, 11));
    writeText(blocks, TYPE_OFFSET, PAX_TYPE_FLAG);
    writeText(blocks, MAGIC_OFFSET, "ustar\x0000");
    blocks.fill(" ", CHECKSUM_OFFSET, CHECKSUM_OFFSET + 8);
    writeChecksum(blocks, 0, sumOf(blocks, 0, BLOCK_SIZE));
    body.copy(blocks, BLOCK_SIZE);
    return blocks;
  }

  /** Writes the entry's header block, 512 bytes, at `offset`. */
  write(target: Buffer, offset: number, entry: TarEntry): void {
    this.#template.copy(target, offset);
    const name = asciiField(entry.name, USTAR_NAME_LENGTH);
    const mode = octal(entry.mode, 7);
    const size = octal(entry.size < USTAR_NUMBER_LIMIT ? entry.size : 0, 11);
    const type = TYPE_FLAGS[entry.type];
    let sum = this.#templateSum;
    sum += writeText(target, offset + NAME_OFFSET, name);
    sum += writeText(target, offset + MODE_OFFSET, mode);
    sum += writeText(target, offset + SIZE_OFFSET, size);
    sum += writeText(target, offset + TYPE_OFFSET, type);
    if (entry.link !== "") {
      const link = asciiField(entry.link, USTAR_NAME_LENGTH);
      sum += writeText(target, offset + LINK_OFFSET, link);
    }
    writeChecksum(target, offset, sum);
  }
}

function needsExtension(entry: TarEntry): boolean {
  return (
    entry.name.length > USTAR_NAME_LENGTH ||
    entry.link.length > USTAR_NAME_LENGTH ||
    entry.size >= USTAR_NUMBER_LIMIT ||
    !isAscii(entry.name) ||
    !isAscii(entry.link)
  );
}

/** The text cut to the field, each character that is not ASCII replaced by `?`. */
function asciiField(text: ByteString, length: number): ByteString {
  if (isAscii(text)) return text.length > length ? text.slice(0, length) : text;
  return pythonCodePoints(text)
    .slice(0, length)
    .map((point) => (point < 0x80 ? String.fromCharCode(point) : "?"))
    .join("");
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

/** Writes ASCII text and returns the sum of its bytes. */
function writeText(target: Buffer, offset: number, text: string): number {
  let sum = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    target[offset + index] = code;
    sum += code;
  }
  return sum;
}

function sumOf(target: Buffer, from: number, to: number): number {
  let sum = 0;
  for (let index = from; index < to; index += 1) sum += target[index]!;
  return sum;
}

function writeChecksum(target: Buffer, offset: number, sum: number): void {
  writeText(target, offset + CHECKSUM_OFFSET, `${octal(sum, 6)}\0 `);
}
