import * as fs from "node:fs";
import { attempt, OPEN_FLAGS } from "./read-disk.ts";
import type { EntryContent } from "./visit-entry.ts";

const CHUNK = 1 << 18;

/** Whether two contents, on disk or in memory, are the same bytes. Memory does not grow with them. */
export function sameContent(
  sizeA: number,
  a: EntryContent,
  sizeB: number,
  b: EntryContent,
): boolean {
  if (sizeA !== sizeB) return false;
  if (sizeA === 0) return true;
  const [readA, readB] = [readerOf(a), readerOf(b)];
  try {
    for (let at = 0; at < sizeA; at += CHUNK) {
      if (!readA.take(at).equals(readB.take(at))) return false;
    }
    return true;
  } finally {
    readA.close();
    readB.close();
  }
}

interface Reader {
  take(at: number): Buffer;
  close(): void;
}

function readerOf(content: EntryContent): Reader {
  if (content === undefined || Buffer.isBuffer(content)) {
    const bytes = content ?? Buffer.alloc(0);
    return { take: (at) => bytes.subarray(at, at + CHUNK), close: () => undefined };
  }
  const fd = attempt(content, () => fs.openSync(content.path, OPEN_FLAGS));
  return {
    take: (at) => {
      const chunk = Buffer.alloc(CHUNK);
      let filled = 0;
      while (filled < CHUNK) {
        const got = attempt(content, () =>
          fs.readSync(fd, chunk, filled, CHUNK - filled, at + filled),
        );
        if (got === 0) break;
        filled += got;
      }
      return chunk.subarray(0, filled);
    },
    close: () => {
      fs.closeSync(fd);
    },
  };
}
