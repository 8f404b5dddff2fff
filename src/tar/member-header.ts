import { BLOCK_SIZE, HeaderWriter } from "./header.ts";
import type { TarMember } from "./reader.ts";

/** What a member says, under a name and with a link of its own. */
export type MemberFields = Omit<TarMember, "offset">;

const ENTRY_TYPES = {
  "1": "hardlink",
  "2": "symlink",
  "5": "directory",
} as const;
const CHECKSUM_OFFSET = 148;
const CHECKSUM_LENGTH = 8;
const TYPE_OFFSET = 156;
const DEVICE_OFFSETS = [329, 337] as const;

/**
 * The header of a member of any type, devices and pipes included, with owner, date and extended
 * attributes of its own; an extended header goes before it where one is needed.
 */
export function memberHeader(member: MemberFields): Buffer {
  const { name, typeFlag, link, mode, owner, mtime, size, xattrs, device } = member;
  const type = ENTRY_TYPES[typeFlag as keyof typeof ENTRY_TYPES] ?? "file";
  const writer = new HeaderWriter({ ...owner, mtime });
  const bytes = writer.bytes({ name, type, link, mode, size, xattrs });
  if (typeFlag in ENTRY_TYPES || typeFlag === "0" || typeFlag === "7") return bytes;
  const block = bytes.subarray(bytes.length - BLOCK_SIZE);
  block.write(typeFlag, TYPE_OFFSET, "latin1");
  device?.forEach((number, index) => {
    block.write(`${number.toString(8).padStart(7, "0")}\0`, DEVICE_OFFSETS[index]!, "latin1");
  });
  block.fill(" ", CHECKSUM_OFFSET, CHECKSUM_OFFSET + CHECKSUM_LENGTH);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, CHECKSUM_OFFSET, "latin1");
  return bytes;
}
