import { UsageError } from "../../errors.ts";
import type { Compression } from "../../packing/codec/compression.ts";

const HIGHEST_LEVEL = { gzip: 9, zstd: 19 } as const;

/** Refuses a level that the compression does not have. @throws UsageError */
export function checkLevel(level: number | undefined, compression: Compression): void {
  if (level === undefined) return;
  if (compression === "none") {
    throw new UsageError("--compression-level is given, but nothing is compressed", {
      hint: "add --compression gzip or zstd",
    });
  }
  if (level > HIGHEST_LEVEL[compression]) {
    throw new UsageError(`${compression} has levels 1 to ${HIGHEST_LEVEL[compression]}`);
  }
}
