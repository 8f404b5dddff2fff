import type { ClientRequest } from "node:http";
import { setImmediate } from "node:timers/promises";

/** Small chunks are joined up to this size: each costs a system call and its chunk header. */
const chunkSize = 1 << 20;

/**
 * Writes a body to a request, no faster than the other side takes it, and ends the request.
 *
 * When `stop` is aborted (the answer is there, nobody reads on), or when writing fails, it returns
 * early: how the request went is for the answer to say. The body's iterator is ended in any case.
 * A chunk is not looked at any more once the next one is asked for.
 *
 * @throws only what the body throws
 */
export async function sendBody(
  request: ClientRequest,
  body: AsyncIterable<Uint8Array>,
  stop: AbortSignal,
): Promise<void> {
  const iterator = body[Symbol.asyncIterator]();
  const writer = new BodyWriter(request, stop);
  for (;;) {
    const next = iterator.next();
    const step = await writer.unlessStopped(next);
    if (step === undefined) {
      abandon(iterator, next);
      return;
    }
    if (step.done === true) {
      if (await writer.flush()) request.end();
      return;
    }
    if (!(await writer.take(step.value))) {
      await iterator.return?.();
      return;
    }
  }
}

/** Ends an iterator whose next value is still being made: not waited for, it may take long. */
function abandon(
  iterator: AsyncIterator<Uint8Array>,
  pending: Promise<IteratorResult<Uint8Array>>,
): void {
  pending.catch(() => undefined);
  Promise.resolve(iterator.return?.()).catch(() => undefined);
}

class BodyWriter {
  readonly #request: ClientRequest;
  readonly #buffer = Buffer.allocUnsafe(chunkSize);
  #filled = 0;
  #stopped = false;
  #wake: (() => void) | undefined;

  constructor(request: ClientRequest, stop: AbortSignal) {
    this.#request = request;
    const onStop = (): void => {
      this.#stopped = true;
      this.#wake?.();
    };
    stop.addEventListener("abort", onStop, { once: true });
    request.once("close", onStop);
    if (stop.aborted || request.destroyed) onStop();
  }

  /**
   * What the promise gives, or undefined at once when there is nothing more to send. (Not
   * `Promise.race` with one promise for the whole time: that would hold on to every chunk.)
   */
  unlessStopped<Value>(promise: Promise<Value>): Promise<Value | undefined> {
    return new Promise((resolve, reject) => {
      this.#wake = () => resolve(undefined);
      if (this.#stopped) resolve(undefined);
      promise.then(resolve, reject);
    });
  }

  /** Takes a chunk over; false if nobody wants it any more. */
  async take(chunk: Uint8Array): Promise<boolean> {
    if (this.#filled + chunk.length > chunkSize && !(await this.flush())) return false;
    if (chunk.length >= chunkSize) return this.#write(chunk);
    this.#buffer.set(chunk, this.#filled);
    this.#filled += chunk.length;
    return true;
  }

  /** Writes what is left; false if nobody wants it any more. */
  async flush(): Promise<boolean> {
    const bytes = this.#buffer.subarray(0, this.#filled);
    this.#filled = 0;
    return bytes.length === 0 || this.#write(bytes);
  }

  async #write(bytes: Uint8Array): Promise<boolean> {
    // Lets an answer that has come meanwhile be read first. Writing to an engine that has answered
    // and gone would destroy the connection, and its reason would be lost.
    await setImmediate();
    if (this.#stopped || this.#request.destroyed) return false;
    const written = new Promise<boolean>((resolve) => {
      this.#request.write(bytes, (error) => resolve(!error));
    });
    return (await this.unlessStopped(written)) ?? false;
  }
}
