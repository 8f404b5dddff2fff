/** How bytes are compressed, told by how they begin. */
export type Compressed = "none" | "gzip" | "zstd" | "xz" | "bzip2";

/** Bytes needed to tell. */
export const MAGIC_LENGTH = 10;

/** The second of zstd is a skippable frame (RFC 8878, section 3.1.2), that of bzip2 an empty stream. */
const MAGIC: ReadonlyArray<readonly [Compressed, RegExp]> = [
  ["gzip", /^\x1f\x8b/],
  ["zstd", /^(?:\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18)/],
  ["xz", /^\xfd7zXZ\0/],
  ["bzip2", /^BZh[1-9](?:1AY&SY|\x17rE8P\x90)/],
];

/** A name that begins like a compressed stream may begin a tar: so bzip2's is seen to its end. */
export function sniffCompression(beginning: Uint8Array): Compressed {
  const text = Buffer.from(beginning).toString("latin1", 0, MAGIC_LENGTH);
  return MAGIC.find(([, magic]) => magic.test(text))?.[0] ?? "none";
}
