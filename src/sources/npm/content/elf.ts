import * as fs from "node:fs";
import type { NodePlatform } from "../platform.ts";

/** What an ELF file says of the machine that it is for. */
export interface ElfKind {
  /** In Node's words, or the number of the ELF header. */
  readonly cpu: string;
  /** Undefined where it needs no C library by name. */
  readonly libc: NodePlatform["libc"] | undefined;
  /** Shared libraries that it needs (`DT_NEEDED`). */
  readonly libraries: readonly string[];
}

/** ELF specification, "e_machine". */
const MACHINES: Readonly<Record<number, string>> = {
  3: "ia32",
  20: "ppc",
  21: "ppc64",
  22: "s390x",
  40: "arm",
  62: "x64",
  183: "arm64",
  243: "riscv64",
  258: "loong64",
};

const HEADER_SIZE = 64;
const MAGIC = Buffer.from("\x7fELF", "latin1");
const PT_DYNAMIC = 2;
const PT_LOAD = 1;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_STRSZ = 10;
/** Dynamic sections are a few hundred bytes; more than this is damage. */
const LARGEST_DYNAMIC = 1 << 16;
/** Large libraries have a few megabytes of names. */
const LARGEST_STRINGS = 1 << 25;

type Read = (offset: number, length: number) => Buffer;

/** Reads an ELF file's headers; undefined when it is no 64-bit or 32-bit little-endian ELF file. */
export function readElf(file: string): ElfKind | undefined {
  return withElf(file, (header, read) => {
    const isLittleEndian = header[5] === 1;
    const machine = isLittleEndian ? header.readUInt16LE(18) : header.readUInt16BE(18);
    const cpu = MACHINES[machine] ?? `ELF machine ${machine}`;
    if (!isLittleEndian) return { cpu, libc: undefined, libraries: [] };
    const libraries = neededLibraries(header, read);
    return { cpu, libc: libcOf(libraries), libraries };
  });
}

/**
 * The names that the dynamic linker sees, one after the other with a zero byte behind each; undefined
 * when it is no little-endian ELF file or has none.
 */
export function dynamicNames(file: string): Buffer | undefined {
  return withElf(file, (header, read) => {
    const section = header[5] === 1 ? readDynamic(header, read) : undefined;
    if (section === undefined) return undefined;
    return read(section.stringsAt, Math.min(section.stringsSize, LARGEST_STRINGS));
  });
}

function withElf<T>(file: string, use: (header: Buffer, read: Read) => T): T | undefined {
  const fd = fs.openSync(file, fs.constants.O_RDONLY);
  try {
    const read = (offset: number, length: number): Buffer => {
      const buffer = Buffer.alloc(length);
      return buffer.subarray(0, fs.readSync(fd, buffer, 0, length, offset));
    };
    const header = read(0, HEADER_SIZE);
    if (header.length < 52 || !header.subarray(0, 4).equals(MAGIC)) return undefined;
    return use(header, read);
  } finally {
    fs.closeSync(fd);
  }
}

function libcOf(needed: readonly string[]): NodePlatform["libc"] | undefined {
  if (needed.some((name) => name.startsWith("libc.musl-") || name === "libc.so")) return "musl";
  if (needed.some((name) => /^(?:libc|libm|libpthread|libdl)\.so\.\d|^ld-linux/.test(name))) {
    return "glibc";
  }
  return undefined;
}

/** Names in `DT_NEEDED`, through the program headers (ELF specification, "Dynamic Section"). */
function neededLibraries(header: Buffer, read: Read): string[] {
  const section = readDynamic(header, read);
  if (section === undefined) return [];
  return section.needed.map((name) => {
    const text = read(section.stringsAt + name, 256).toString("latin1");
    return text.slice(0, Math.max(0, text.indexOf("\0")));
  });
}

interface DynamicSection {
  /** Offsets of names among the strings. */
  readonly needed: readonly number[];
  /** In the file. */
  readonly stringsAt: number;
  readonly stringsSize: number;
}

function readDynamic(header: Buffer, read: Read): DynamicSection | undefined {
  const is64 = header[4] === 2;
  const word = (bytes: Buffer, offset: number): number =>
    is64 ? Number(bytes.readBigUInt64LE(offset)) : bytes.readUInt32LE(offset);
  const tableAt = word(header, is64 ? 32 : 28);
  const entrySize = header.readUInt16LE(is64 ? 54 : 42);
  const count = header.readUInt16LE(is64 ? 56 : 44);
  const table = read(tableAt, entrySize * count);
  const segments = Array.from(
    { length: Math.floor(table.length / (entrySize || 1)) },
    (_, index) => {
      const entry = table.subarray(index * entrySize, (index + 1) * entrySize);
      return {
        type: entry.readUInt32LE(0),
        offset: word(entry, is64 ? 8 : 4),
        address: word(entry, is64 ? 16 : 8),
        size: word(entry, is64 ? 32 : 16),
      };
    },
  );
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  if (dynamic === undefined || dynamic.size > LARGEST_DYNAMIC) return undefined;
  const tags = read(dynamic.offset, dynamic.size);
  const step = is64 ? 16 : 8;
  const needed: number[] = [];
  let stringsSize = 0;
  let strings: number | undefined;
  for (let at = 0; at + step <= tags.length; at += step) {
    const tag = word(tags, at);
    if (tag === 0) break;
    if (tag === DT_NEEDED) needed.push(word(tags, at + step / 2));
    if (tag === DT_STRSZ) stringsSize = word(tags, at + step / 2);
    if (tag === DT_STRTAB) strings = word(tags, at + step / 2);
  }
  if (strings === undefined) return undefined;
  const address = strings;
  const load = segments.find(
    (segment) =>
      segment.type === PT_LOAD &&
      address >= segment.address &&
      address < segment.address + segment.size,
  );
  if (load === undefined) return undefined;
  return { needed, stringsAt: load.offset + (address - load.address), stringsSize };
}
