import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { beginFile, endFile, removeQuietly } from "../../io/unfinished-files.ts";

/** Works with a folder that is gone afterwards, however the work ends. */
export async function withTemporaryFolder<Result>(
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = fs.mkdtempSync(path.join(tmpdir(), "varve-"));
  beginFile(folder);
  try {
    return await work(folder);
  } finally {
    removeQuietly(folder);
    endFile(folder);
  }
}
