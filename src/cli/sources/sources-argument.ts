import * as fs from "node:fs";
import { MAGIC_LENGTH, sniffCompression } from "../../archives/compression/sniff.ts";
import { readAt } from "../../io/file-bytes.ts";

const TAR_MAGIC_OFFSET = 257;
const TAR_MAGIC = "ustar";

/** Whether an argument is a file that holds a tar, or something compressed that may. */
export function isArchive(argument: string): boolean {
  const stats = fs.statSync(argument, { throwIfNoEntry: false });
  if (stats?.isFile() !== true) return false;
  const fd = fs.openSync(argument, "r");
  try {
    const beginning = readAt(fd, 0, TAR_MAGIC_OFFSET + TAR_MAGIC.length);
    if (sniffCompression(beginning.subarray(0, MAGIC_LENGTH)) !== "none") return true;
    return beginning.toString("latin1", TAR_MAGIC_OFFSET) === TAR_MAGIC;
  } finally {
    fs.closeSync(fd);
  }
}
