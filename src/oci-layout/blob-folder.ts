import { createHash, randomInt } from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { systemCodeOf, VarveError } from "../errors.ts";
import type { Descriptor } from "../image/descriptor.ts";
import { hexOf, isDigest } from "../image/digest.ts";
import { beginFile, endFile, removeQuietly } from "../io/unfinished-files.ts";
import { writeFailure, writeFully } from "../io/write-fully.ts";
import { attempt } from "./attempt.ts";
import { isGone, markOf } from "../io/process-mark.ts";

/** Awaited, since it can take long and signals are to be heard meanwhile. */
const sync = promisify(fs.fsync);

const PARTIAL = /^\.([0-9a-f]+-\d+)\.[0-9a-f]+\.partial$/;
/** Milliseconds after which a file that nobody writes to any more was left, if nothing else tells. */
const ABANDONED = 3_600_000;

/** Blobs as files (OCI image-spec, image-layout.md, "Blobs"). */
export class BlobFolder {
  readonly #layout: string;

  /** @param layout the layout's folder */
  constructor(layout: string) {
    this.#layout = layout;
  }

  /** A blob's file. A digest comes from outside: it is never taken for a path unseen. */
  fileOf(digest: string): string {
    if (isDigest(digest)) return path.join(this.#folder, hexOf(digest));
    throw new VarveError("DIGEST_UNKNOWN", `${digest} is not a digest that varve knows`, {
      hint: "varve reads images whose digests are sha256",
    });
  }

  get #folder(): string {
    return path.join(this.#layout, "blobs", "sha256");
  }

  /** Bytes of a blob's file; undefined when there is none. */
  sizeOf(digest: string): number | undefined {
    const file = this.fileOf(digest);
    const stats = attempt(file, "read", () => fs.statSync(file, { throwIfNoEntry: false }));
    return stats?.isFile() === true ? stats.size : undefined;
  }

  /** Every blob's digest. */
  list(): string[] {
    const names = attempt(this.#folder, "read", () => fs.readdirSync(this.#folder));
    return names.map((name) => `sha256:${name}`).filter(isDigest);
  }

  /**
   * Writes a blob beside its place and puts it there once its bytes are known to be right, so that
   * a blob is there whole or not at all.
   *
   * @param expected what the bytes have to be; undefined for whatever they are
   * @throws VarveError `BLOB_DIFFERS`, `LAYOUT_UNWRITABLE`, `DESTINATION_FULL`
   */
  async write(
    chunks: AsyncIterable<Uint8Array>,
    expected: Pick<Descriptor, "digest" | "size"> | undefined,
    onWritten: (bytes: number) => void,
  ): Promise<{ digest: string; size: number; present: boolean }> {
    return this.place(async (fd) => {
      const hash = createHash("sha256");
      let size = 0;
      for await (const chunk of chunks) {
        size += chunk.length;
        if (expected !== undefined && size > expected.size) break;
        hash.update(chunk);
        await writeFully(fd, chunk);
        onWritten(chunk.length);
      }
      const digest = `sha256:${hash.digest("hex")}`;
      if (expected !== undefined) checkBlob(expected, digest, size);
      return { digest, size };
    });
  }

  /**
   * Puts a blob into its place that `make` writes to a file descriptor.
   *
   * @param make returns what it wrote
   */
  async place(
    make: (fd: number) => Promise<{ digest: string; size: number }>,
  ): Promise<{ digest: string; size: number; present: boolean }> {
    const partial = this.#partial();
    const fd = attempt(partial, "written", () => fs.openSync(partial, "wx", 0o666));
    beginFile(partial);
    try {
      const blob = await this.#finished(fd, () => make(fd));
      const file = this.fileOf(blob.digest);
      if (this.sizeOf(blob.digest) === blob.size) {
        removeQuietly(partial);
        return { ...blob, present: true };
      }
      attempt(file, "written", () => {
        fs.renameSync(partial, file);
      });
      return { ...blob, present: false };
    } catch (error) {
      removeQuietly(partial);
      throw error;
    } finally {
      endFile(partial);
    }
  }

  async #finished<Result>(fd: number, make: () => Promise<Result>): Promise<Result> {
    try {
      const result = await make();
      await sync(fd).catch((error: unknown) => {
        throw writeFailure(error);
      });
      return result;
    } finally {
      fs.closeSync(fd);
    }
  }

  /**
   * Shares a blob with another folder instead of copying it: as a clone of the file where the file
   * system has such, else as a hard link.
   *
   * @returns false where neither is possible
   */
  adopt(file: string, digest: string): boolean {
    const partial = this.#partial();
    beginFile(partial);
    try {
      return share(file, partial) && this.#moveTo(partial, digest);
    } finally {
      removeQuietly(partial);
      endFile(partial);
    }
  }

  #moveTo(partial: string, digest: string): boolean {
    const file = this.fileOf(digest);
    attempt(file, "written", () => {
      fs.renameSync(partial, file);
    });
    return true;
  }

  /** Removes what killed processes have left half written. */
  removeAbandoned(): void {
    const folder = path.dirname(this.#folder);
    for (const name of fs.existsSync(folder) ? fs.readdirSync(folder) : []) {
      const mark = PARTIAL.exec(name)?.[1];
      if (mark === undefined) continue;
      const file = path.join(folder, name);
      const stats = fs.statSync(file, { throwIfNoEntry: false });
      const isOld = stats !== undefined && Date.now() - stats.mtimeMs > ABANDONED;
      if (isOld || isGone(mark)) removeQuietly(file);
    }
  }

  /** Beside the blobs' folder, whose files all are blobs to other programs. */
  #partial(): string {
    const folder = path.dirname(this.#folder);
    return path.join(folder, `.${markOf()}.${randomInt(2 ** 47).toString(16)}.partial`);
  }
}

/** Whether bytes are what they shall be. */
function checkBlob(
  expected: Pick<Descriptor, "digest" | "size">,
  digest: string,
  size: number,
): void {
  if (digest === expected.digest && size === expected.size) return;
  const came = size > expected.size ? "more than that" : `${size} bytes of digest ${digest}`;
  throw new VarveError(
    "BLOB_DIFFERS",
    `the blob ${expected.digest} of ${expected.size} bytes came as ${came}`,
    { hint: "what it is taken from is damaged, or changed meanwhile" },
  );
}

function share(from: string, to: string): boolean {
  try {
    fs.copyFileSync(from, to, fs.constants.COPYFILE_FICLONE_FORCE | fs.constants.COPYFILE_EXCL);
    return true;
  } catch {
    removeQuietly(to);
  }
  try {
    fs.linkSync(from, to);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") throw error;
    return false;
  }
}
