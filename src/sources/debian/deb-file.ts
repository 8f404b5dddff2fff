import * as fs from "node:fs";
import { decompress } from "../../archives/compression/decompress.ts";
import { MAGIC_LENGTH, sniffCompression } from "../../archives/compression/sniff.ts";
import { messageOf, VarveError } from "../../errors.ts";
import { fileBytes, readAt } from "../../io/file-bytes.ts";
import type { ByteString } from "../../tar/byte-string.ts";
import { streamMembers } from "../../tar/stream-reader.ts";
import type { StreamedMember } from "../../tar/stream-reader.ts";
import { arMembers } from "./ar.ts";
import type { ArMember } from "./ar.ts";

/** Bytes of one file of control.tar: a list of checksums may have some megabytes. */
const LONGEST_CONTROL_FILE = 64 << 20;

/** A binary package as a file (deb(5)), read where it lies. */
export class DebFile {
  readonly #fd: number;
  readonly #what: string;
  readonly #control: ArMember;
  readonly #data: ArMember;

  /**
   * @param what names it in errors
   * @throws VarveError `DEB_DAMAGED`
   */
  constructor(file: string, what: string) {
    this.#what = what;
    this.#fd = fs.openSync(file, "r");
    try {
      const [version, control, data] = arMembers(
        this.#fd,
        fs.fstatSync(this.#fd).size,
        what,
      ).filter(({ name }) => !name.startsWith("_"));
      if (version?.name !== "debian-binary" || !this.#text(version).startsWith("2.")) {
        throw this.#damaged("it is not a Debian package of format 2");
      }
      this.#control = this.#expect(control, "control.tar");
      this.#data = this.#expect(data, "data.tar");
    } catch (error) {
      fs.closeSync(this.#fd);
      throw error;
    }
  }

  /**
   * The files of control.tar by name: `control`, `md5sums`, `conffiles`.
   *
   * @throws VarveError `DEB_DAMAGED`
   */
  async control(): Promise<ReadonlyMap<string, ByteString>> {
    const files = new Map<string, ByteString>();
    for await (const { member, content } of this.#members(this.#control)) {
      if (member.typeFlag !== "0") continue;
      if (member.size > LONGEST_CONTROL_FILE) throw this.#damaged(`${member.name} is too long`);
      const pieces: string[] = [];
      for await (const piece of content()) pieces.push(piece.toString("latin1"));
      files.set(member.name.replace(/^(?:\.?\/)+/, ""), pieces.join(""));
    }
    return files;
  }

  /**
   * What it installs, in the order in which it stands there.
   *
   * @throws VarveError `DEB_DAMAGED`
   */
  data(): AsyncGenerator<StreamedMember, void, undefined> {
    return this.#members(this.#data);
  }

  close(): void {
    fs.closeSync(this.#fd);
  }

  async *#members({
    name,
    offset,
    size,
  }: ArMember): AsyncGenerator<StreamedMember, void, undefined> {
    const compression = sniffCompression(readAt(this.#fd, offset, Math.min(size, MAGIC_LENGTH)));
    const bytes = fileBytes(this.#fd, offset, size);
    try {
      yield* streamMembers(decompress(bytes, compression, name));
    } catch (error) {
      if (!isDamage(error)) throw error;
      throw this.#damaged(messageOf(error), error);
    }
  }

  #expect(member: ArMember | undefined, name: string): ArMember {
    if (member?.name === name || member?.name.startsWith(`${name}.`) === true) return member;
    throw this.#damaged(`${name} is missing`);
  }

  #text({ offset, size }: ArMember): string {
    return readAt(this.#fd, offset, Math.min(size, 16)).toString("latin1");
  }

  #damaged(why: string, cause?: unknown): VarveError {
    return new VarveError("DEB_DAMAGED", `${this.#what} is damaged: ${why}`, { cause });
  }
}

function isDamage(error: unknown): boolean {
  return (
    error instanceof VarveError &&
    (error.code === "ARCHIVE_DAMAGED" || error.code === "TAR_DAMAGED")
  );
}
