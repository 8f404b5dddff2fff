import type { ByteString } from "../tar/byte-string.ts";
import type { Owner, TarEntryType, Xattrs } from "../tar/entry.ts";
import { diskPath } from "./read-disk.ts";
import type { EntryContent, VisitEntry } from "./visit-entry.ts";

/**
 * What a walk has visited, small enough to be kept and handed from thread to thread: so that a
 * layer whose length was found is not walked once more when it is packed. Some 40 bytes an entry.
 */
export interface WalkRecord {
  /** One entry after the other, as `WalkRecorder` lays them out. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What few entries have: owners, attributes, content in memory. */
  readonly extras: readonly Extra[];
}

interface Extra {
  readonly owner?: Owner | undefined;
  readonly xattrs?: Xattrs | undefined;
  readonly content?: Uint8Array | undefined;
}

const TYPES: readonly TarEntryType[] = ["file", "directory", "symlink"];
/** Not an entry: from here on, places in the image and on disk begin otherwise. */
const BASES = 3;
const TYPE_BITS = 0b11;
const ON_DISK = 0b100;
const STAMPED = 0b1000;
const HAS_EXTRA = 0b1_0000;

const FIRST_SIZE = 1 << 14;
/** What an entry takes beside its texts, at most. */
const FIXED_SIZE = 64;
/** Texts' lengths have two bytes. */
const LONGEST_TEXT = 0xffff;

/** Keeps what a walk visits. */
export class WalkRecorder {
  readonly #most: number;
  readonly #extras: Extra[] = [];
  #bytes: Buffer<ArrayBuffer> = Buffer.allocUnsafeSlow(FIRST_SIZE);
  #used = 0;
  /** Bytes of content in memory. */
  #inExtras = 0;
  #isWhole = true;
  #name = "";
  /** What places of files in the image begin with, and what stands for it on disk. */
  #at = "";
  #from = "";

  /** @param most bytes to be kept; a longer walk is not */
  constructor(most: number) {
    this.#most = most;
  }

  readonly visit: VisitEntry = (entry, content) => {
    if (!this.#isWhole) return;
    const type = TYPES.indexOf(entry.type);
    const disk = content === undefined || Buffer.isBuffer(content) ? undefined : content;
    this.#reserve(entry.name.length + entry.link.length + (disk?.name.length ?? 0));
    if (type === -1 || !this.#isWhole) {
      this.#isWhole = false;
      return;
    }
    if (disk !== undefined && disk.name !== this.#diskName(entry.name)) {
      this.#changeBases(entry.name, disk.name);
    }
    const extra = this.#extraOf(
      entry.owner,
      entry.xattrs,
      disk === undefined ? content : undefined,
    );
    const stamp = disk?.stamp;
    this.#byte(
      type |
        (disk === undefined ? 0 : ON_DISK) |
        (stamp === undefined ? 0 : STAMPED) |
        (extra === undefined ? 0 : HAS_EXTRA),
    );
    this.#short(entry.mode);
    const shared = sharedLength(this.#name, entry.name);
    this.#short(shared);
    this.#text(entry.name.slice(shared));
    this.#name = entry.name;
    if (entry.type === "file") this.#double(entry.size);
    if (entry.type === "symlink") this.#text(entry.link);
    if (stamp !== undefined) this.#double(stamp);
    if (extra !== undefined) this.#double(extra);
  };

  /** What was visited; undefined when it is too much. */
  record(): WalkRecord | undefined {
    if (!this.#isWhole) return undefined;
    return { bytes: new Uint8Array(this.#bytes.subarray(0, this.#used)), extras: this.#extras };
  }

  /** Where a file lies on disk, by the rule of those before it; undefined if it has none. */
  #diskName(name: ByteString): ByteString | undefined {
    return name.startsWith(this.#at) ? this.#from + name.slice(this.#at.length) : undefined;
  }

  #changeBases(name: ByteString, from: ByteString): void {
    const shared = sharedEnd(name, from);
    this.#at = name.slice(0, name.length - shared);
    this.#from = from.slice(0, from.length - shared);
    this.#byte(BASES);
    this.#text(this.#at);
    this.#text(this.#from);
  }

  /** The number of what few entries have, if this one has some. */
  #extraOf(
    owner: Owner | undefined,
    xattrs: Xattrs | undefined,
    content: EntryContent,
  ): number | undefined {
    if (owner === undefined && xattrs === undefined && content === undefined) return undefined;
    const last = this.#extras.at(-1);
    // Entries of one owner come together.
    const isSame = last?.owner === owner && last?.xattrs === xattrs && content === undefined;
    if (!isSame || last?.content !== undefined) {
      const bytes = Buffer.isBuffer(content) ? content : undefined;
      this.#inExtras += bytes?.length ?? 0;
      this.#extras.push({ owner, xattrs, content: bytes });
    }
    return this.#extras.length - 1;
  }

  #reserve(texts: number): void {
    const needed = this.#used + 2 * texts + FIXED_SIZE;
    if (needed + this.#inExtras > this.#most || texts > LONGEST_TEXT) this.#isWhole = false;
    if (!this.#isWhole || needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, needed));
    this.#bytes.copy(larger, 0, 0, this.#used);
    this.#bytes = larger;
  }

  #byte(value: number): void {
    this.#used = this.#bytes.writeUInt8(value, this.#used);
  }

  #short(value: number): void {
    this.#used = this.#bytes.writeUInt16LE(value, this.#used);
  }

  #double(value: number): void {
    this.#used = this.#bytes.writeDoubleLE(value, this.#used);
  }

  #text(text: ByteString): void {
    this.#short(text.length);
    this.#used += this.#bytes.write(text, this.#used, "latin1");
  }
}

/** Visits once more what a walk has visited. */
export function visitRecord({ bytes, extras }: WalkRecord, visit: VisitEntry): void {
  const reader = new RecordReader(bytes);
  let name = "";
  let at = "";
  let from = "";
  while (!reader.isAtEnd) {
    const flags = reader.byte();
    if (flags === BASES) {
      at = reader.text();
      from = reader.text();
      continue;
    }
    const type = TYPES[flags & TYPE_BITS]!;
    const mode = reader.short();
    name = name.slice(0, reader.short()) + reader.text();
    const size = type === "file" ? reader.double() : 0;
    const link = type === "symlink" ? reader.text() : "";
    const stamp = (flags & STAMPED) === 0 ? undefined : reader.double();
    const extra = (flags & HAS_EXTRA) === 0 ? undefined : extras[reader.double()]!;
    const entry = { name, type, mode, size, link };
    let content: EntryContent;
    if ((flags & ON_DISK) !== 0) {
      content = diskPath(from + name.slice(at.length));
      if (stamp !== undefined) content = { ...content, stamp };
    }
    if (extra === undefined) visit(entry, content);
    else {
      const { owner, xattrs, content: held } = extra;
      visit({ ...entry, owner, xattrs }, held === undefined ? content : bufferOf(held));
    }
  }
}

class RecordReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bufferOf(bytes);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  byte(): number {
    this.#at += 1;
    return this.#bytes[this.#at - 1]!;
  }

  short(): number {
    this.#at += 2;
    return this.#bytes.readUInt16LE(this.#at - 2);
  }

  double(): number {
    this.#at += 8;
    return this.#bytes.readDoubleLE(this.#at - 8);
  }

  text(): ByteString {
    const length = this.short();
    this.#at += length;
    return this.#bytes.toString("latin1", this.#at - length, this.#at);
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function sharedLength(one: string, other: string): number {
  const most = Math.min(one.length, other.length);
  let length = 0;
  while (length < most && one.charCodeAt(length) === other.charCodeAt(length)) length += 1;
  return length;
}

function sharedEnd(one: string, other: string): number {
  const most = Math.min(one.length, other.length);
  let length = 0;
  while (
    length < most &&
    one.charCodeAt(one.length - 1 - length) === other.charCodeAt(other.length - 1 - length)
  ) {
    length += 1;
  }
  return length;
}
