/** First bytes of a frame, as a little-endian number (RFC 8878, section 3.1). */
const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const CHECKSUM_LENGTH = 4;
const RAW_BLOCK_HEADER = 3;
const RLE_BLOCK = 1;
const DICTIONARY_ID_LENGTHS = [0, 1, 2, 4];
const CONTENT_SIZE_LENGTHS = [0, 2, 4, 8];

/** A piece of a frame; `ends` says that the frame is complete with it. */
export interface FramePiece {
  readonly bytes: Uint8Array;
  readonly ends: boolean;
}

/**
 * Cuts a zstd stream at its frames, without decompressing. Node.js 24 decodes the first frame of
 * a stream and silently drops the rest (reference: dependencies, section 4), so each frame gets a
 * decoder of its own. Skippable frames are left out.
 *
 * @throws SyntaxError when the bytes are no zstd stream, or end within a frame
 */
export class ZstdFrameSplitter {
  /** Bytes of the current structure still to be passed on before the next header. */
  #pending = Buffer.alloc(0);
  #pass = 0;
  #skip = 0;
  #state: "frame" | "block" | "checksum" = "frame";
  #hasChecksum = false;
  #last = false;

  *push(chunk: Uint8Array): Generator<FramePiece, void, undefined> {
    let bytes =
      this.#pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#pending, chunk]);
    this.#pending = Buffer.alloc(0);
    for (;;) {
      const skipped = Math.min(this.#skip, bytes.length);
      this.#skip -= skipped;
      bytes = bytes.subarray(skipped);
      if (this.#pass > 0) {
        if (bytes.length === 0) return;
        const piece = bytes.subarray(0, this.#pass);
        this.#pass -= piece.length;
        bytes = bytes.subarray(piece.length);
        yield { bytes: piece, ends: this.#pass === 0 && this.#frameIsOver() };
        continue;
      }
      const length = this.#headerLength(bytes);
      if (length === undefined) {
        this.#pending = Buffer.from(bytes);
        return;
      }
      this.#pass = length;
    }
  }

  end(): void {
    const complete = this.#state === "frame" && this.#pass === 0 && this.#skip === 0;
    if (!complete || this.#pending.length > 0) throw new SyntaxError("it ends within a zstd frame");
  }

  #frameIsOver(): boolean {
    if (this.#state === "checksum") {
      this.#state = "frame";
      return true;
    }
    if (this.#state === "block" && this.#last) {
      this.#last = false;
      if (this.#hasChecksum) {
        this.#state = "checksum";
        this.#pass = CHECKSUM_LENGTH;
        return false;
      }
      this.#state = "frame";
      return true;
    }
    return false;
  }

  /** How many bytes belong to the structure that begins here; undefined when more must be seen. */
  #headerLength(bytes: Buffer): number | undefined {
    if (this.#state === "block") {
      if (bytes.length < RAW_BLOCK_HEADER) return undefined;
      const header = bytes.readUIntLE(0, 3);
      this.#last = (header & 1) === 1;
      const size = header >>> 3;
      const isRle = ((header >>> 1) & 3) === RLE_BLOCK;
      return RAW_BLOCK_HEADER + (isRle ? 1 : size);
    }
    if (bytes.length < 5) return undefined;
    const magic = bytes.readUInt32LE(0);
    if (magic >>> 4 === SKIPPABLE_MAGIC >>> 4) {
      if (bytes.length < 8) return undefined;
      this.#skip = 8 + bytes.readUInt32LE(4);
      return 0;
    }
    if (magic !== FRAME_MAGIC) throw new SyntaxError("it is not a zstd stream");
    const descriptor = bytes[4]!;
    const isSingleSegment = (descriptor & 0x20) !== 0;
    this.#hasChecksum = (descriptor & 0x04) !== 0;
    this.#state = "block";
    const contentSize = CONTENT_SIZE_LENGTHS[descriptor >>> 6]!;
    return (
      5 +
      (isSingleSegment ? 0 : 1) +
      DICTIONARY_ID_LENGTHS[descriptor & 3]! +
      (isSingleSegment && contentSize === 0 ? 1 : contentSize)
    );
  }
}
