import { createHash } from "node:crypto";
import type { ByteString } from "../tar/byte-string.ts";
import { BLOCK_SIZE, paddingOf } from "../tar/header.ts";
import { BlockSums } from "./block-sums.ts";
import { ByteCursor } from "./byte-cursor.ts";
import { parseHeader, parseRecords, tarDamaged } from "./tar-header.ts";
import type { RawHeader } from "./tar-header.ts";

/** All that one entry of a layer says. */
export interface EntryFacts {
  /** Its place in the image, without slashes around it; empty for the root. */
  readonly path: ByteString;
  /** As it stands in the tar: `./etc/`. */
  readonly name: ByteString;
  /** `file`, `folder`, `symlink`, `hard link`, … */
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly uname: ByteString;
  readonly gname: ByteString;
  /** Seconds since 1970, with a fraction if it has one. */
  readonly mtime: string;
  /** Bytes of content. */
  readonly size: number;
  readonly link: ByteString;
  /** `major,minor` of a device, otherwise empty. */
  readonly device: string;
  /** Extended attributes and other records, as `name=value`, sorted. */
  readonly records: readonly ByteString[];
  /** SHA-256 of a file's content; empty where there is none. */
  readonly content: string;
  /** A checksum a block of the content. */
  readonly sums: readonly number[];
}

export interface TarFacts {
  /** Bytes. */
  readonly size: number;
  /** A checksum a block of the whole tar. */
  readonly sums: readonly number[];
}

const TYPES: Readonly<Record<string, string>> = {
  "0": "file",
  "1": "hard link",
  "2": "symlink",
  "3": "character device",
  "4": "block device",
  "5": "folder",
  "6": "named pipe",
  "7": "file",
};
/** Nothing follows their headers, whatever size these give. */
const WITHOUT_CONTENT = new Set(["1", "2", "3", "4", "5", "6"]);
const LARGEST_EXTENSION = 1 << 24;

/** Takes content as it goes by: whose, from which offset in it. */
type TakeContent = (path: ByteString, offset: number, bytes: Buffer) => void;

export interface ReadOptions {
  readonly takeContent?: TakeContent;
  /** Look at headers only: no content is hashed, and no checksum made. */
  readonly structureOnly?: boolean;
}

/**
 * Reads a layer's tar as it comes, and tells of each entry; its content is hashed, not kept.
 *
 * @throws VarveError `TAR_DAMAGED`; whatever the stream throws
 */
export async function readEntries(
  chunks: AsyncIterable<Uint8Array>,
  visit: (entry: EntryFacts) => void,
  { takeContent, structureOnly = false }: ReadOptions = {},
): Promise<TarFacts> {
  const whole = new BlockSums();
  const cursor = new ByteCursor(structureOnly ? chunks : summed(chunks, whole));
  try {
    let pending: Pending = { records: [] };
    for (;;) {
      const at = cursor.offset;
      const block = await cursor.take(BLOCK_SIZE);
      const header = block.length === 0 ? undefined : parseHeader(block, at);
      if (header === undefined) break;
      if (await extend(pending, header, cursor)) continue;
      const { entry, size } = entryOf(header, pending, at);
      pending = { records: [] };
      const hash = createHash("sha256");
      const sums = new BlockSums();
      let passed = 0;
      const read = await cursor.pass(size, (bytes) => {
        if (structureOnly) return;
        hash.update(bytes);
        sums.add(bytes);
        takeContent?.(entry.path, passed, bytes);
        passed += bytes.length;
      });
      if (read < size) tarDamaged(cursor.offset, "it ends in the middle of a file");
      await cursor.take(paddingOf(size));
      const content = entry.type === "file" && !structureOnly ? hash.digest("hex") : "";
      visit({ ...entry, size, content, sums: sums.finish() });
    }
    await cursor.pass(Number.MAX_SAFE_INTEGER, () => undefined);
    return { size: cursor.offset, sums: whole.finish() };
  } finally {
    await cursor.close();
  }
}

/** A name in a layer as a path in the image. */
export function plainPath(name: ByteString): ByteString {
  if (!/(?:^|\/)(?:\.{0,2})(?:\/|$)/.test(name)) return name;
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** What extended headers say of the entry that follows them. */
interface Pending {
  records: Array<[string, ByteString]>;
  name?: ByteString;
  link?: ByteString;
}

/** Takes an extended header in; false for a header of an entry itself. */
async function extend(pending: Pending, header: RawHeader, cursor: ByteCursor): Promise<boolean> {
  const { typeFlag, size } = header;
  if (!"xgLK".includes(typeFlag)) return false;
  const at = cursor.offset;
  if (!(size <= LARGEST_EXTENSION)) tarDamaged(at, "an extended header is too long");
  const body = await cursor.take(size);
  if (body.length < size) tarDamaged(at, "it ends in the middle of an extended header");
  await cursor.take(paddingOf(size));
  const text = (): ByteString => body.toString("latin1").replace(/\0.*$/s, "");
  if (typeFlag === "L") pending.name = text();
  else if (typeFlag === "K") pending.link = text();
  else if (typeFlag === "x") pending.records.push(...parseRecords(body, at));
  return true;
}

function entryOf(
  header: RawHeader,
  pending: Pending,
  offset: number,
): { entry: Omit<EntryFacts, "content" | "sums">; size: number } {
  const told = new Map(pending.records);
  const take = (key: string): ByteString | undefined => {
    const value = told.get(key);
    told.delete(key);
    return value;
  };
  const { typeFlag } = header;
  const name = take("path") ?? pending.name ?? header.name;
  const ownSize = Number(take("size") ?? header.size);
  const size = WITHOUT_CONTENT.has(typeFlag) ? 0 : ownSize;
  if (!Number.isSafeInteger(size) || size < 0)
    tarDamaged(offset, "a size is not a number of bytes");
  // It says how names are spelled, and has done so by now.
  take("hdrcharset");
  const entry = {
    path: plainPath(name),
    name,
    type: TYPES[typeFlag] ?? `type ${JSON.stringify(typeFlag)}`,
    mode: header.mode,
    uid: Number(take("uid") ?? header.uid),
    gid: Number(take("gid") ?? header.gid),
    uname: take("uname") ?? header.uname,
    gname: take("gname") ?? header.gname,
    mtime: take("mtime") ?? String(header.mtime),
    link: take("linkpath") ?? pending.link ?? header.link,
    device: header.device,
    records: [...told].map(([key, value]) => `${key}=${value}`).toSorted(),
    size,
  };
  return { entry, size };
}

async function* summed(
  chunks: AsyncIterable<Uint8Array>,
  sums: BlockSums,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    sums.add(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
    yield chunk;
  }
}
