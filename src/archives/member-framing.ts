import { byteStringOf } from "../tar/byte-string.ts";
import type { TarEntry } from "../tar/entry.ts";
import { endOfArchiveLength, HeaderWriter, paddingOf } from "../tar/header.ts";

const MEMBER_MODE = 0o644;

/** What surrounds the content of an image archive's members: the same on every machine. */
export class MemberFraming {
  readonly #headers: HeaderWriter;
  #length = 0;

  /** @param mtime seconds since 1970 */
  constructor(mtime: number) {
    this.#headers = new HeaderWriter({ uid: 0, gid: 0, uname: "", gname: "", mtime });
  }

  header(name: string, size: number): Uint8Array {
    this.#length += size + paddingOf(size);
    return this.#framed({
      name: byteStringOf(name),
      type: "file",
      mode: MEMBER_MODE,
      size,
      link: "",
    });
  }

  hardLink(name: string, target: string): Uint8Array {
    const link = byteStringOf(target);
    return this.#framed({
      name: byteStringOf(name),
      type: "hardlink",
      mode: MEMBER_MODE,
      size: 0,
      link,
    });
  }

  #framed(entry: TarEntry): Uint8Array {
    const header = this.#headers.bytes(entry);
    this.#length += header.length;
    return header;
  }

  padding(size: number): Uint8Array {
    return new Uint8Array(paddingOf(size));
  }

  /** A whole member whose content is at hand. */
  *file(name: string, bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
    yield this.header(name, bytes.length);
    yield bytes;
    yield this.padding(bytes.length);
  }

  end(): Uint8Array {
    return new Uint8Array(endOfArchiveLength(this.#length));
  }
}
