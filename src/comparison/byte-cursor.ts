/** A stream of bytes, read by the number. */
export class ByteCursor {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Bytes taken so far. */
  offset = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next `length` bytes; fewer only at the end of the stream. */
  async take(length: number): Promise<Buffer> {
    if (this.#chunk.length - this.#at >= length) return this.#cut(length);
    const pieces: Buffer[] = [];
    let left = length;
    while (left > 0 && (await this.#more())) {
      const piece = this.#cut(Math.min(left, this.#chunk.length - this.#at));
      pieces.push(piece);
      left -= piece.length;
    }
    return Buffer.concat(pieces);
  }

  /** Hands over the next `length` bytes as they come, and says how many there were. */
  async pass(length: number, use: (bytes: Buffer) => void): Promise<number> {
    let left = length;
    while (left > 0 && (await this.#more())) {
      const piece = this.#cut(Math.min(left, this.#chunk.length - this.#at));
      use(piece);
      left -= piece.length;
    }
    return length - left;
  }

  /** Lets go of a stream that is not read to its end. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  #cut(length: number): Buffer {
    const piece = this.#chunk.subarray(this.#at, this.#at + length);
    this.#at += length;
    this.offset += length;
    return piece;
  }

  async #more(): Promise<boolean> {
    while (this.#at === this.#chunk.length) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      const { buffer, byteOffset, length } = next.value;
      this.#chunk = Buffer.from(buffer, byteOffset, length);
      this.#at = 0;
    }
    return true;
  }
}
