import { DEFAULT_LEVEL } from "./compress.ts";
import type { Compression } from "./compression.ts";

/** Version of how a stream is cut into blocks and framed, and of the libraries' settings. */
const FRAMING = 6;

/**
 * Identifies everything that decides compressed bytes: codec, level, library and its version,
 * processor (its instructions change how matches are found), and our framing
 * (reference: reproducibility, section 5).
 */
export function codecId(compression: Compression, level?: number): string {
  if (compression === "none") return "none";
  const { zlib, zstd } = process.versions;
  const library = compression === "gzip" ? `zlib-${zlib}` : `zstd-${zstd}`;
  const at = level ?? DEFAULT_LEVEL[compression];
  return `${compression}-${at} ${library} ${process.arch} ${FRAMING}`;
}
