import { createHash } from "node:crypto";

/** Digest and length of a blob. */
export interface BlobIdentity {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/** Hashes bytes on their way, and passes on those that are still wanted. */
export class MeasuredBytes {
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #skip: number;
  readonly #hash = createHash("sha256");
  #size = 0;
  #identity: BlobIdentity | undefined;

  /** @param skip bytes at the beginning that are made and hashed, but not passed on */
  constructor(source: AsyncIterable<Uint8Array>, skip: number) {
    this.#source = source;
    this.#skip = skip;
  }

  /** Known when the source has ended; undefined before. */
  get identity(): BlobIdentity | undefined {
    return this.#identity;
  }

  async *bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of this.#source) {
      this.#hash.update(chunk);
      const passed = Math.max(0, this.#skip - this.#size);
      this.#size += chunk.length;
      if (passed < chunk.length) yield chunk.subarray(passed);
    }
    this.#identity = { digest: `sha256:${this.#hash.digest("hex")}`, size: this.#size };
  }
}

/** Cuts bytes into pieces of one length; the last one may be shorter. */
export async function* inPieces(
  bytes: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let piece = Buffer.allocUnsafe(size);
  let used = 0;
  for await (const chunk of bytes) {
    let from = 0;
    while (from < chunk.length) {
      const taken = Math.min(size - used, chunk.length - from);
      piece.set(chunk.subarray(from, from + taken), used);
      used += taken;
      from += taken;
      if (used < size) continue;
      yield piece;
      piece = Buffer.allocUnsafe(size);
      used = 0;
    }
  }
  if (used > 0) yield piece.subarray(0, used);
}

/** The beginning of a stream: all of it when it is short, else also what continues it. */
export interface Beginning {
  readonly bytes: Buffer;
  /** Begins again with `bytes`; undefined when the stream has ended. */
  readonly whole: AsyncGenerator<Uint8Array, void, undefined> | undefined;
  /** Ends the stream, wherever it is; `whole` alone would not, unless something was taken from it. */
  readonly end: () => Promise<void>;
}

/**
 * Takes bytes until the stream ends or is longer than `most`.
 *
 * @param stream may lend its chunks: those that are kept are copied
 */
export async function beginningOf(
  stream: AsyncIterable<Uint8Array>,
  most: number,
): Promise<Beginning> {
  const iterator = stream[Symbol.asyncIterator]();
  const end = async (): Promise<void> => void (await iterator.return?.());
  let kept: Buffer | undefined;
  let used = 0;
  for (;;) {
    const next = await iterator.next();
    const bytes = kept?.subarray(0, used) ?? Buffer.alloc(0);
    if (next.done === true) return { bytes, whole: undefined, end };
    const chunk = next.value;
    if (used + chunk.length > most) {
      return { bytes: Buffer.alloc(0), whole: continued([bytes, chunk], iterator), end };
    }
    kept ??= Buffer.allocUnsafeSlow(most);
    kept.set(chunk, used);
    used += chunk.length;
  }
}

async function* continued(
  taken: readonly Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* taken;
    for (;;) {
      const next = await iterator.next();
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
