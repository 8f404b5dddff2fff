import { byteStringOf, isAscii, pythonCodePoints } from "./byte-string.ts";
import type { ByteString } from "./byte-string.ts";
import type { Owner, TarCommon, TarEntry, TarEntryType, Xattrs } from "./entry.ts";
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

const TYPE_FLAGS: Record<TarEntryType, string> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  directory: "5",
};
const PAX_TYPE_FLAG = "x";
const PAX_NAME = "././@PaxHeader";
const OWNER_NAME_LENGTH = 32;
const SPACE = 0x20;
/** More than the keys, lengths and numbers of all records of an extended header take. */
const RECORDS_OVERHEAD = 512;
/** The same for the record of one extended attribute. */
const XATTR_OVERHEAD = 32;

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
  readonly #common: Style;
  readonly #extendedTemplate: Template;
  /** For entries with owners of their own. */
  readonly #styles = new Map<string, Style>();

  constructor(common: TarCommon) {
    this.#common = styleOf(common);
    this.#extendedTemplate = new Template({ uid: 0, gid: 0, mtime: 0, uname: "", gname: "" });
  }

  /** Exactly the bytes that `write` takes for this entry. */
  length(entry: TarEntry): number {
    const style = this.#styleFor(entry);
    if (!isExtended(entry, style)) return BLOCK_SIZE;
    const body = paxBody(paxRecords(entry, style.common)).length;
    return 2 * BLOCK_SIZE + body + paddingOf(body);
  }

  /** An upper bound for the bytes that `write` takes for this entry, found faster. */
  space(entry: TarEntry): number {
    const style = this.#styleFor(entry);
    if (!isExtended(entry, style)) return BLOCK_SIZE;
    const names = entry.name.length + entry.link.length;
    const owners = 4 * (style.common.uname.length + style.common.gname.length);
    const fixed = 3 * BLOCK_SIZE + names + owners + RECORDS_OVERHEAD;
    return entry.xattrs === undefined ? fixed : fixed + xattrsSpace(entry.xattrs);
  }

  /**
   * Writes the entry's header, with an extended header before it where one is needed.
   *
   * @returns bytes written, a multiple of 512
   */
  write(target: Buffer, offset: number, entry: TarEntry): number {
    let at = offset;
    const style = this.#styleFor(entry);
    const extended = isExtended(entry, style);
    if (extended) at += this.#writeExtended(target, at, entry, style);
    // What needs no extended header is ASCII and fits.
    const fit = extended ? asciiField : asItIs;
    const sum =
      style.template.copyTo(target, at) +
      writeText(target, at + NAME_OFFSET, fit(entry.name, USTAR_NAME_LENGTH)) +
      writeText(target, at + MODE_OFFSET, octal(entry.mode, 7)) +
      writeText(
        target,
        at + SIZE_OFFSET,
        octal(entry.size < USTAR_NUMBER_LIMIT ? entry.size : 0, 11),
      ) +
      writeText(target, at + TYPE_OFFSET, TYPE_FLAGS[entry.type]) +
      (entry.link === ""
        ? 0
        : writeText(target, at + LINK_OFFSET, fit(entry.link, USTAR_NAME_LENGTH)));
    writeChecksum(target, at, sum);
    return at + BLOCK_SIZE - offset;
  }

  /** The header as bytes of its own. */
  bytes(entry: TarEntry): Buffer {
    const buffer = Buffer.alloc(this.space(entry));
    return buffer.subarray(0, this.write(buffer, 0, entry));
  }

  #writeExtended(target: Buffer, offset: number, entry: TarEntry, style: Style): number {
    const body = paxBody(paxRecords(entry, style.common));
    const sum =
      this.#extendedTemplate.copyTo(target, offset) +
      writeText(target, offset + NAME_OFFSET, PAX_NAME) +
      writeText(target, offset + MODE_OFFSET, octal(0, 7)) +
      writeText(target, offset + SIZE_OFFSET, octal(body.length, 11)) +
      writeText(target, offset + TYPE_OFFSET, PAX_TYPE_FLAG);
    writeChecksum(target, offset, sum);
    const end = offset + BLOCK_SIZE + body.length;
    target.write(body, offset + BLOCK_SIZE, "latin1");
    target.fill(0, end, end + paddingOf(body.length));
    return BLOCK_SIZE + body.length + paddingOf(body.length);
  }

  #styleFor({ owner }: TarEntry): Style {
    if (owner === undefined) return this.#common;
    const key = ownerKey(owner);
    let style = this.#styles.get(key);
    if (style === undefined) {
      style = styleOf({ ...owner, mtime: this.#common.common.mtime });
      this.#styles.set(key, style);
    }
    return style;
  }
}

/** What entries of one owner have in common, laid out. */
interface Style {
  readonly common: TarCommon;
  readonly template: Template;
  /** Whether the owner or the date alone need an extended header. */
  readonly everyEntryExtended: boolean;
}

function styleOf(common: TarCommon): Style {
  const { uid, gid, mtime } = common;
  const plain: TarEntry = { name: "", type: "file", mode: 0, size: 0, link: "" };
  return {
    common,
    template: new Template({
      uid: uid < USTAR_ID_LIMIT ? uid : 0,
      gid: gid < USTAR_ID_LIMIT ? gid : 0,
      mtime: mtime >= 0 && mtime < USTAR_NUMBER_LIMIT ? mtime : 0,
      uname: asciiField(byteStringOf(common.uname), OWNER_NAME_LENGTH),
      gname: asciiField(byteStringOf(common.gname), OWNER_NAME_LENGTH),
    }),
    everyEntryExtended: paxRecords(plain, common).length > 0,
  };
}

function ownerKey({ uid, gid, uname, gname }: Owner): string {
  return `${uid} ${gid} ${uname.length} ${uname}${gname}`;
}

function isExtended({ name, link, size, xattrs }: TarEntry, style: Style): boolean {
  return (
    style.everyEntryExtended ||
    (xattrs !== undefined && Object.keys(xattrs).length > 0) ||
    name.length > USTAR_NAME_LENGTH ||
    link.length > USTAR_NAME_LENGTH ||
    size >= USTAR_NUMBER_LIMIT ||
    !isAscii(name) ||
    (link !== "" && !isAscii(link))
  );
}

/** Upper bound for the bytes of attributes' records. */
function xattrsSpace(xattrs: Xattrs): number {
  let space = 0;
  for (const name of Object.keys(xattrs)) {
    space += name.length + xattrs[name]!.length + XATTR_OVERHEAD;
  }
  return space;
}

/** A header block of which everything is laid out that does not change from entry to entry. */
class Template {
  readonly #block: Buffer = Buffer.alloc(BLOCK_SIZE);
  readonly #sum: number;

  constructor(fields: TarCommon) {
    this.#sum =
      8 * SPACE +
      writeText(this.#block, UID_OFFSET, octal(fields.uid, 7)) +
      writeText(this.#block, GID_OFFSET, octal(fields.gid, 7)) +
      writeText(this.#block, MTIME_OFFSET, octal(fields.mtime, 11)) +
      writeText(this.#block, MAGIC_OFFSET, "ustar\u{0}00") +
      writeText(this.#block, UNAME_OFFSET, fields.uname) +
      writeText(this.#block, GNAME_OFFSET, fields.gname);
  }

  /** Copies the block and returns the sum of its bytes, the checksum counted as spaces. */
  copyTo(target: Buffer, offset: number): number {
    target.set(this.#block, offset);
    return this.#sum;
  }
}

/** The text cut to the field, each character that is not ASCII replaced by `?`. */
function asciiField(text: ByteString, length: number): ByteString {
  if (isAscii(text)) return text.length > length ? text.slice(0, length) : text;
  return pythonCodePoints(text)
    .slice(0, length)
    .map((point) => (point < 0x80 ? String.fromCharCode(point) : "?"))
    .join("");
}

function asItIs(text: ByteString): ByteString {
  return text;
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

function writeChecksum(target: Buffer, offset: number, sum: number): void {
  writeText(target, offset + CHECKSUM_OFFSET, `${octal(sum, 6)}\0 `);
}
