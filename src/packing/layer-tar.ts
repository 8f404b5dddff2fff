import * as fs from "node:fs";
import { VarveError, systemCodeOf } from "../errors.ts";
import { compareNames, displayText, fileSystemPath } from "../tar/byte-string.ts";
import type { ByteString } from "../tar/byte-string.ts";
import type { LayerSpec } from "./layer-spec.ts";
import type { TarEntry } from "../tar/entry.ts";
import { endOfArchiveLength, HeaderWriter, paddingOf } from "../tar/header.ts";

/** Takes the bytes of a tar as they are made. The buffer is used again after the call. */
export type ByteConsumer = (bytes: Buffer) => void;

/** Big enough that system calls no longer count, small enough to stay in the cache. */
const BUFFER_SIZE = 1 << 20;
const PARENT_MODE = 0o755;
const LATIN1 = { encoding: "latin1" } as const;

/**
 * Makes the tar of one layer, synchronously, and hands its bytes to `consume`: the parents, then
 * each tree with its descendants in component-wise order
 * (reference: dockertools-wire-format, section 3).
 *
 * Memory does not grow with the content: one buffer, and the names of the folders being walked.
 *
 * @returns the length of the tar in bytes
 * @throws VarveError `PACK_CHANGED`, `PACK_UNREADABLE`, `PACK_UNSUPPORTED`, naming the file
 */
export function writeLayerTar(spec: LayerSpec, consume: ByteConsumer): number {
  const writer = new LayerTarWriter(spec, consume);
  for (const parent of spec.parents) writer.addParent(parent);
  for (const tree of spec.trees) writer.addTree(tree.at, tree.from);
  return writer.finish();
}

class LayerTarWriter {
  readonly #headers: HeaderWriter;
  readonly #consume: ByteConsumer;
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_SIZE);
  #used = 0;
  #flushed = 0;

  constructor(spec: LayerSpec, consume: ByteConsumer) {
    this.#headers = new HeaderWriter(spec.common);
    this.#consume = consume;
  }

  addParent(path: ByteString): void {
    this.#addHeader({
      name: `${path}/`,
      type: "directory",
      mode: PARENT_MODE,
      size: 0,
      link: "",
    });
  }

  addTree(at: ByteString, from: ByteString): void {
    const path = fileSystemPath(from);
    const stats = attempt(from, () => fs.lstatSync(path));
    const mode = stats.mode & 0o7777;
    if (stats.isFile()) {
      this.#addHeader({ name: at, type: "file", mode, size: stats.size, link: "" });
      if (stats.size > 0) this.#addContent(from, path, stats.size);
    } else if (stats.isDirectory()) {
      this.#addHeader({ name: `${at}/`, type: "directory", mode, size: 0, link: "" });
      const names = attempt(from, () => fs.readdirSync(path, LATIN1));
      for (const name of names.toSorted(compareNames)) {
        if (name.startsWith(".wh.")) refuseWhiteout(`${from}/${name}`);
        this.addTree(`${at}/${name}`, `${from}/${name}`);
      }
    } else if (stats.isSymbolicLink()) {
      const link = attempt(from, () => fs.readlinkSync(path, LATIN1));
      this.#addHeader({ name: at, type: "symlink", mode, size: 0, link });
    } else {
      throw new VarveError(
        "PACK_UNSUPPORTED",
        `${displayText(from)} is a ${kindOf(stats)}; an image layer holds files, folders and symlinks`,
        { hint: "remove it from the component, or leave the component out" },
      );
    }
  }

  finish(): number {
    const total = this.#flushed + this.#used;
    this.#addZeros(endOfArchiveLength(total));
    this.#flush();
    return this.#flushed;
  }

  #addHeader(entry: TarEntry): void {
    if (BUFFER_SIZE - this.#used < this.#headers.space(entry)) this.#flush();
    this.#used += this.#headers.write(this.#buffer, this.#used, entry);
  }

  /**
   * Reads the file straight into the buffer. Asks for one byte more than there should be, so that
   * a file that has grown is noticed without a further system call.
   */
  #addContent(from: ByteString, path: string | Buffer, size: number): void {
    const flags = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW;
    const file = attempt(from, () => fs.openSync(path, flags));
    try {
      let left = size;
      while (left > 0) {
        if (this.#used === BUFFER_SIZE) this.#flush();
        if (left < BUFFER_SIZE && left + 1 > BUFFER_SIZE - this.#used) this.#flush();
        const space = BUFFER_SIZE - this.#used;
        const wanted = space === left ? left - 1 : Math.min(left + 1, space);
        const got = attempt(from, () => fs.readSync(file, this.#buffer, this.#used, wanted, null));
        if (got === 0 || got > left) refuseChanged(from, size);
        this.#used += got;
        left -= got;
      }
    } finally {
      fs.closeSync(file);
    }
    this.#addZeros(paddingOf(size));
  }

  #addZeros(count: number): void {
    let left = count;
    while (left > 0) {
      if (this.#used === BUFFER_SIZE) this.#flush();
      const now = Math.min(left, BUFFER_SIZE - this.#used);
      this.#buffer.fill(0, this.#used, this.#used + now);
      this.#used += now;
      left -= now;
    }
  }

  #flush(): void {
    if (this.#used === 0) return;
    this.#consume(this.#buffer.subarray(0, this.#used));
    this.#flushed += this.#used;
    this.#used = 0;
  }
}

/** A file call whose failure is put in words. */
function attempt<Result>(path: ByteString, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    throw readFailure(path, error);
  }
}

function readFailure(path: ByteString, error: unknown): Error {
  const name = displayText(path);
  switch (systemCodeOf(error)) {
    case "ENOENT":
    case "ENOTDIR":
    case "ELOOP":
      return new VarveError("PACK_CHANGED", `${name} vanished while it was packed`, {
        cause: error,
        hint: "something removes or replaces files there (a garbage collection?); run again when it is done",
      });
    case "EACCES":
    case "EPERM":
      return new VarveError("PACK_UNREADABLE", `${name} cannot be read: permission denied`, {
        cause: error,
        hint: "run as a user who may read it",
      });
    default:
      return new VarveError(
        "PACK_UNREADABLE",
        `${name} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
  }
}

function refuseChanged(path: ByteString, size: number): never {
  throw new VarveError(
    "PACK_CHANGED",
    `${displayText(path)} changed while it was packed: it is no longer ${size} bytes long`,
    { hint: "components must not change; run again when nothing writes there" },
  );
}

function refuseWhiteout(path: ByteString): never {
  throw new VarveError(
    "PACK_UNSUPPORTED",
    `${displayText(path)}: names that begin with ".wh." mean a deletion in an image layer`,
    { hint: "rename the file, or leave the component out" },
  );
}

function kindOf(stats: fs.Stats): string {
  if (stats.isSocket()) return "socket";
  if (stats.isFIFO()) return "named pipe";
  if (stats.isBlockDevice()) return "block device";
  return "character device";
}
