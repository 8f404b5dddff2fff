import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { fileReasonOf, VarveError } from "../../errors.ts";
import { compareNames, displayText, fileSystemPath } from "../../tar/byte-string.ts";
import type { ByteString } from "../../tar/byte-string.ts";
import { PatternList } from "./pattern.ts";
import type { StatCache } from "./stat-cache.ts";

/** An entry of a folder that goes in. */
export interface ScannedEntry {
  /** Relative to what was declared; that itself is `""`. */
  readonly path: ByteString;
  readonly type: "file" | "directory" | "symlink";
  /** Permission bits on disk. */
  readonly diskMode: number;
  /** Bytes of a file's content. */
  readonly size: number;
  /** SHA-256 of a file's content in hexadecimal, a symlink's target. */
  readonly content: ByteString;
  /** When a file was changed last. */
  readonly ctimeMs: number;
}

const ALWAYS_EXCLUDED = [".git", "node_modules", ".DS_Store"];
const CHUNK_SIZE = 1 << 20;
const ATTEMPTS = 3;
const LATIN1 = { encoding: "latin1" } as const;
const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = fs.constants;

/**
 * Everything of a folder that the patterns let in, in the order of layers, each file hashed unless
 * it is known not to have changed. Folders that patterns do not name go in with what is in them,
 * or, where nothing is said about what is let in, for themselves.
 *
 * @param name where it is on disk
 * @throws VarveError `FILES_UNREADABLE`, `FILES_UNSUPPORTED`, `FILES_CHANGING`, naming the file
 */
export function scan(
  name: ByteString,
  patterns: { include?: readonly string[] | undefined; exclude?: readonly string[] | undefined },
  cache: StatCache,
): ScannedEntry[] {
  const scanner = new Scanner(name, patterns, cache);
  scanner.visit("", true);
  return scanner.entries;
}

class Scanner {
  readonly entries: ScannedEntry[] = [];
  readonly #name: ByteString;
  readonly #include: PatternList | undefined;
  readonly #exclude: PatternList;
  readonly #cache: StatCache;
  readonly #buffer = Buffer.allocUnsafe(CHUNK_SIZE);

  constructor(
    name: ByteString,
    { include, exclude = [] }: Parameters<typeof scan>[1],
    cache: StatCache,
  ) {
    this.#name = name;
    this.#include = include === undefined ? undefined : new PatternList(include);
    this.#exclude = new PatternList([...ALWAYS_EXCLUDED, ...exclude]);
    this.#cache = cache;
  }

  /** @param isTop whether it is what was declared, to which no pattern applies */
  visit(path: ByteString, isTop: boolean, isTaken = this.#include === undefined): void {
    const name = path === "" ? this.#name : `${this.#name}/${path}`;
    const stats = reading(name, () => fs.lstatSync(fileSystemPath(name)));
    const isFolder = stats.isDirectory();
    if (!isTop && this.#exclude.verdict(path, isFolder) === "matched") return;
    const verdict = isTop ? undefined : this.#include?.verdict(path, isFolder);
    const taken = verdict === undefined ? isTaken || (isTop && !isFolder) : verdict === "matched";
    if (isFolder) this.#visitFolder(path, name, stats, taken, isTop);
    else if (taken) this.entries.push(this.#leaf(path, name, stats));
  }

  #visitFolder(
    path: ByteString,
    name: ByteString,
    stats: fs.Stats,
    isTaken: boolean,
    isTop: boolean,
  ): void {
    const place = this.entries.length;
    const folder = { path, type: "directory", diskMode: stats.mode & 0o7777 } as const;
    this.entries.push({ ...folder, size: 0, content: "", ctimeMs: 0 });
    const children = reading(name, () => fs.readdirSync(fileSystemPath(name), LATIN1));
    for (const child of children.toSorted(compareNames)) {
      this.visit(path === "" ? child : `${path}/${child}`, false, isTaken);
    }
    const isEmpty = this.entries.length === place + 1;
    if (isEmpty && !isTaken && !isTop) this.entries.pop();
  }

  #leaf(path: ByteString, name: ByteString, stats: fs.Stats): ScannedEntry {
    refuseWhiteout(path, name);
    const diskMode = stats.mode & 0o7777;
    if (stats.isSymbolicLink()) {
      const target = reading(name, () => fs.readlinkSync(fileSystemPath(name), LATIN1));
      return { path, type: "symlink", diskMode, size: 0, content: target, ctimeMs: 0 };
    }
    if (!stats.isFile()) refuseKind(name);
    const known = this.#cache.get(path, stats);
    const { size, ctimeMs } = stats;
    if (known !== undefined) {
      return { path, type: "file", diskMode, size, content: known, ctimeMs };
    }
    const { hash, stats: read } = this.#hash(name);
    this.#cache.put(path, read, hash);
    return {
      path,
      type: "file",
      diskMode: read.mode & 0o7777,
      size: read.size,
      content: hash,
      ctimeMs: read.ctimeMs,
    };
  }

  /** A file that is written to while it is read is read again. */
  #hash(name: ByteString): { hash: string; stats: fs.Stats } {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const fd = reading(name, () =>
        fs.openSync(fileSystemPath(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK),
      );
      try {
        const before = fs.fstatSync(fd);
        const hash = createHash("sha256");
        for (;;) {
          const got = reading(name, () => fs.readSync(fd, this.#buffer, 0, CHUNK_SIZE, null));
          if (got === 0) break;
          hash.update(this.#buffer.subarray(0, got));
        }
        const stats = fs.fstatSync(fd);
        if (stats.ctimeMs === before.ctimeMs && stats.size === before.size) {
          return { hash: hash.digest("hex"), stats };
        }
      } finally {
        fs.closeSync(fd);
      }
    }
    throw new VarveError("FILES_CHANGING", `${displayText(name)} changes while it is read`, {
      hint: "leave it out with `exclude`, or run again when nothing writes to it",
    });
  }
}

function reading<Result>(name: ByteString, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    throw new VarveError(
      "FILES_UNREADABLE",
      `${displayText(name)} cannot be read: ${fileReasonOf(error)}`,
      { cause: error, hint: "make it readable, or leave it out with `exclude`" },
    );
  }
}

function refuseWhiteout(path: ByteString, name: ByteString): void {
  if (!path.split("/").some((part) => part.startsWith(".wh."))) return;
  throw new VarveError(
    "FILES_UNSUPPORTED",
    `${displayText(name)}: names that begin with ".wh." mean a deletion in an image layer`,
    { hint: "rename it, or leave it out with `exclude`" },
  );
}

function refuseKind(name: ByteString): never {
  throw new VarveError(
    "FILES_UNSUPPORTED",
    `${displayText(name)} is a socket, pipe or device; an image layer holds files, folders and symlinks`,
    { hint: "leave it out with `exclude`" },
  );
}
