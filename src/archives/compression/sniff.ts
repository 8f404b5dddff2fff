/** How bytes are compressed, told by how they begin. */
export type Compressed = "none" | "gzip" | "zstd" | "xz" | "bzip2";

/** Bytes needed to tell. */
export const MAGIC_LENGTH = 6;

const MAGIC: ReadonlyArray<readonly [Exclude<Compressed, "none">, readonly number[]]> = [
  ["gzip", [0x1f, 0x8b]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ["bzip2", [0x42, 0x5a, 0x68]],
];

export function sniffCompression(beginning: Uint8Array): Compressed {
  const found = MAGIC.find(([, magic]) => magic.every((byte, index) => beginning[index] === byte));
  if (found !== undefined) return found[0];
  const skippable = beginning[0] !== undefined && (beginning[0] & 0xf0) === 0x50;
  const isSkippable = skippable && [0x2a, 0x4d, 0x18].every((byte, i) => beginning[i + 1] === byte);
  return isSkippable ? "zstd" : "none";
}
