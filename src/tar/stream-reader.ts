import { VarveError } from "../errors.ts";
import { BLOCK_SIZE, paddingOf } from "./header.ts";
import { MemberHeaders } from "./reader.ts";
import type { TarMember } from "./reader.ts";

/** A member of a tar that is read as it comes. */
export interface StreamedMember {
  readonly member: TarMember;
  /**
   * Its content, to be taken before the next member is asked for; what is not taken is passed over.
   * A chunk is only valid until the next is asked for.
   */
  readonly content: () => AsyncGenerator<Buffer, void, undefined>;
}

/**
 * The members of a tar as they come by: for whoever cannot go back in it.
 *
 * @throws VarveError `TAR_DAMAGED`; whatever the stream throws
 */
export async function* streamMembers(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<StreamedMember, void, undefined> {
  const bytes = new StreamBytes(chunks);
  const headers = new MemberHeaders();
  try {
    for (;;) {
      const offset = bytes.offset;
      const header = headers.read(await bytes.take(BLOCK_SIZE), offset);
      // What follows the end is read all the same: a pipe must be emptied, a checksum met.
      if (header === undefined) return await bytes.skip(Number.MAX_SAFE_INTEGER, true);
      if ("extension" in header) {
        const at = bytes.offset;
        headers.extend(header, await bytes.take(header.size), at);
        await bytes.skip(paddingOf(header.size));
        continue;
      }
      const end = bytes.offset + header.size;
      yield { member: header, content: () => bytes.until(end) };
      await bytes.skip(end - bytes.offset + paddingOf(header.size));
    }
  } finally {
    await bytes.close();
  }
}

/** A stream of bytes, taken by the number. */
class StreamBytes {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Buffer = Buffer.alloc(0);
  offset = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next `length` bytes in one piece; fewer only at the end of the stream. */
  async take(length: number): Promise<Buffer> {
    if (this.#chunk.length >= length) return this.#cut(length);
    const pieces: Buffer[] = [];
    let left = length;
    while (left > 0 && (await this.#isMore())) {
      const piece = this.#cut(Math.min(left, this.#chunk.length));
      pieces.push(piece);
      left -= piece.length;
    }
    return Buffer.concat(pieces);
  }

  async *until(end: number): AsyncGenerator<Buffer, void, undefined> {
    while (this.offset < end) {
      if (!(await this.#isMore())) this.#cutShort();
      yield this.#cut(Math.min(end - this.offset, this.#chunk.length));
    }
  }

  async skip(length: number, mayEnd = false): Promise<void> {
    let left = length;
    while (left > 0) {
      if (!(await this.#isMore())) {
        if (mayEnd) return;
        this.#cutShort();
      }
      left -= this.#cut(Math.min(left, this.#chunk.length)).length;
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  #cutShort(): never {
    throw new VarveError(
      "TAR_DAMAGED",
      `the tar is damaged at byte ${this.offset}: it ends in the middle of a file`,
    );
  }

  #cut(length: number): Buffer {
    const piece = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(length);
    this.offset += length;
    return piece;
  }

  async #isMore(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      const { buffer, byteOffset, length } = next.value;
      this.#chunk = Buffer.from(buffer, byteOffset, length);
    }
    return true;
  }
}
