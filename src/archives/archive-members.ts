import { VarveError } from "../errors.ts";
import { byteStringOf } from "../tar/byte-string.ts";
import { readMembers } from "../tar/reader.ts";
import type { TarMember } from "../tar/reader.ts";
import { readAt } from "../io/file-bytes.ts";
import { openSeekable } from "./seekable.ts";
import type { SeekableFile } from "./seekable.ts";

/** Configs, manifests and indexes are names and digests, not content. */
const LARGEST_JSON = 64 << 20;
const MOST_LINKS = 8;

/** The members of an image archive, by name, open for reading. */
export class ArchiveMembers {
  /** As the caller named it, for errors. */
  readonly file: string;
  readonly fd: number;
  readonly #source: SeekableFile;
  readonly #members: ReadonlyMap<string, TarMember>;

  /**
   * @param hint what to give instead of a file that is no archive
   * @throws VarveError `ARCHIVE_DAMAGED`, `ARCHIVE_FOREIGN`
   */
  constructor(file: string, source: SeekableFile, hint: string) {
    this.file = file;
    this.fd = source.fd;
    this.#source = source;
    this.#members = listMembers(file, source, hint);
  }

  /**
   * Opens an archive, plain or compressed with gzip, zstd, xz or bzip2, its members in any order.
   *
   * @param hint what to give instead of a file that is no archive
   * @throws VarveError `ARCHIVE_UNREADABLE`, `ARCHIVE_DAMAGED`, `ARCHIVE_FOREIGN`
   */
  static async open(file: string, hint: string): Promise<ArchiveMembers> {
    const source = await openSeekable(file);
    try {
      return new ArchiveMembers(file, source, hint);
    } catch (error) {
      source.close();
      throw error;
    }
  }

  has(name: string): boolean {
    return this.#members.has(plainName(byteStringOf(name)));
  }

  /** Names of all members, without `.` and leading slashes. */
  names(): Iterable<string> {
    return this.#members.keys();
  }

  /**
   * The file of this name; links, as older `docker save` wrote for repeated layers, are followed.
   *
   * @throws VarveError `ARCHIVE_DAMAGED`
   */
  resolve(name: string): TarMember {
    let at = plainName(byteStringOf(name));
    for (let hops = 0; hops < MOST_LINKS; hops += 1) {
      const member = this.#members.get(at);
      if (member === undefined) this.damaged(`it has no ${name}`);
      if (member.typeFlag === "0" || member.typeFlag === "7") return member;
      if (member.typeFlag === "1") at = plainName(member.link);
      else if (member.typeFlag === "2") at = plainName(linkedName(at, member.link));
      else this.damaged(`${name} is not a file`);
    }
    return this.damaged(`${name} is a link that leads nowhere`);
  }

  /** A small file's bytes. @throws VarveError `ARCHIVE_DAMAGED` */
  bytesOf(name: string): Buffer {
    const member = this.resolve(name);
    if (member.size > LARGEST_JSON) this.damaged(`${name} is too large`);
    return readAt(this.fd, member.offset, member.size);
  }

  damaged(what: string): never {
    return damaged(this.file, what);
  }

  close(): void {
    this.#source.close();
  }
}

function listMembers(file: string, source: SeekableFile, hint: string): Map<string, TarMember> {
  const members = new Map<string, TarMember>();
  try {
    for (const member of readMembers((at, length) => readAt(source.fd, at, length))) {
      if (member.offset + member.size > source.size) damaged(file, "it ends too early");
      members.set(plainName(member.name), member);
    }
  } catch (error) {
    if (!(error instanceof VarveError) || error.code !== "TAR_DAMAGED") throw error;
    if (members.size > 0) damaged(file, error.message);
    throw new VarveError("ARCHIVE_FOREIGN", `${file} is not an image archive: ${error.message}`, {
      hint,
    });
  }
  return members;
}

/** Where a symlink leads; an absolute one, from the archive's top. */
function linkedName(name: string, link: string): string {
  return link.startsWith("/") ? link : `${name.slice(0, name.lastIndexOf("/") + 1)}${link}`;
}

/** A name without `.`, `..` and slashes that say nothing. */
function plainName(name: string): string {
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}

function damaged(file: string, what: string): never {
  throw new VarveError("ARCHIVE_DAMAGED", `${file} is damaged: ${what}`, {
    hint: "get the file again, or build it anew",
  });
}
