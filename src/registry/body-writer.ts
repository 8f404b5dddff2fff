import type { ClientRequest } from "node:http";

/** Bytes that are written at a time. */
const PIECE_SIZE = 1 << 16;
/** Pieces that a connection may still have to send before its maker has to wait. */
const MOST_PIECES = 8;

/**
 * Writes a request's body out of memory of its own, which is used again and again. So chunks may be
 * lent, and nothing is left for a collector that would take its time.
 */
export class BodyWriter {
  readonly #sent: ClientRequest;
  readonly #free: Buffer[] = [];
  #made = 0;
  #isStopped = false;
  #wake: (() => void) | undefined;

  constructor(sent: ClientRequest) {
    this.#sent = sent;
  }

  /** Returns when the chunk is no longer needed, sent or not; never, if the connection has broken. */
  async write(chunk: Uint8Array): Promise<void> {
    for (let from = 0; from < chunk.length && !this.#isStopped;) {
      const piece = this.#takePiece();
      if (piece === undefined) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      const length = Math.min(PIECE_SIZE, chunk.length - from);
      piece.set(chunk.subarray(from, from + length));
      from += length;
      this.#sent.write(piece.subarray(0, length), () => {
        this.#free.push(piece);
        this.#wake?.();
      });
    }
  }

  /** Whatever chunk is being written is not looked at any more. */
  stop(): void {
    this.#isStopped = true;
  }

  #takePiece(): Buffer | undefined {
    const free = this.#free.pop();
    if (free !== undefined || this.#made === MOST_PIECES) return free;
    this.#made += 1;
    return Buffer.allocUnsafeSlow(PIECE_SIZE);
  }
}
