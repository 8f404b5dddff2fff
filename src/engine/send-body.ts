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
  const stopped = new Promise<undefined>((resolve) => {
    stop.addEventListener("abort", () => resolve(undefined), { once: true });
    request.once("close", () => resolve(undefined));
  });
  const buffer = Buffer.allocUnsafe(chunkSize);
  let filled = 0;
  const flush = async (): Promise<boolean> => {
    const bytes = buffer.subarray(0, filled);
    filled = 0;
    return bytes.length === 0 || write(request, bytes, stopped);
  };
  const take = async (chunk: Uint8Array): Promise<boolean> => {
    if (filled + chunk.length > chunkSize && !(await flush())) return false;
    if (chunk.length >= chunkSize) return write(request, chunk, stopped);
    buffer.set(chunk, filled);
    filled += chunk.length;
    return true;
  };

  for (;;) {
    const next = iterator.next();
    const step = await Promise.race([next, stopped]);
    if (step === undefined) {
      abandon(iterator, next);
      return;
    }
    if (step.done === true) {
      if (await flush()) request.end();
      return;
    }
    if (!(await take(step.value))) {
      await iterator.return?.();
      return;
    }
  }
}

/** Whether the bytes have left; false if nobody wants them any more. */
async function write(
  request: ClientRequest,
  bytes: Uint8Array,
  stopped: Promise<undefined>,
): Promise<boolean> {
  // Lets an answer that has come meanwhile be read first. Writing to an engine that has answered
  // and gone would destroy the connection, and its reason would be lost.
  await setImmediate();
  if (request.destroyed) return false;
  const written = new Promise<boolean>((resolve) => {
    request.write(bytes, (error) => resolve(!error));
  });
  return (await Promise.race([written, stopped])) ?? false;
}

/** Ends an iterator whose next value is still being made: not waited for, it may take long. */
function abandon(
  iterator: AsyncIterator<Uint8Array>,
  pending: Promise<IteratorResult<Uint8Array>>,
): void {
  pending.catch(() => undefined);
  Promise.resolve(iterator.return?.()).catch(() => undefined);
}
