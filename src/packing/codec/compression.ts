export type CodecName = "gzip" | "zstd";

/** How bytes are compressed: `none`, or a codec of ours. */
export type Compression = "none" | CodecName;

export const COMPRESSIONS: readonly Compression[] = ["none", "gzip", "zstd"];

/** The compression that a file's name asks for: `.gz`, `.tgz`, `.zst`; otherwise none. */
export function compressionByName(file: string): Compression {
  if (/\.(?:gz|tgz)$/i.test(file)) return "gzip";
  if (/\.(?:zst|tzst|zstd)$/i.test(file)) return "zstd";
  return "none";
}
