import * as fs from "node:fs";
import { messageOf, systemCodeOf, VarveError } from "../errors.ts";

/** How long to wait before a pipe that is full and does not block is tried again, in ms. */
const RETRY_DELAY = 0.2;

const sleepCell = new Int32Array(new SharedArrayBuffer(4));

/**
 * Half of what a pipe holds. Its reader takes one half while the other is filled, and neither has
 * to sleep; with larger writes both do so for every 64 KiB, which takes twice as long.
 */
const PIPE_PIECE = 1 << 15;

/** How many bytes at a time a file descriptor takes best. */
export function pieceFor(fd: number): number {
  return fs.fstatSync(fd).isFIFO() ? PIPE_PIECE : Number.MAX_SAFE_INTEGER;
}

/**
 * Writes all bytes to a file descriptor, synchronously: for worker threads only, since a pipe may
 * block for as long as its reader likes. A descriptor that another process has made non-blocking
 * is waited for.
 *
 * @param most bytes to write at a time (`pieceFor`)
 * @throws VarveError `DESTINATION_CLOSED` (nobody reads), `DESTINATION_FULL` (no space left)
 */
export function writeFullySync(fd: number, bytes: Uint8Array, most: number = bytes.length): void {
  let from = 0;
  while (from < bytes.length) {
    try {
      from += fs.writeSync(fd, bytes, from, Math.min(bytes.length - from, most));
    } catch (error) {
      if (systemCodeOf(error) !== "EAGAIN") throw writeFailure(error);
      Atomics.wait(sleepCell, 0, 0, RETRY_DELAY);
    }
  }
}

/** The same from the main thread, which stays free to handle signals meanwhile. */
export async function writeFully(fd: number, bytes: Uint8Array): Promise<void> {
  let from = 0;
  while (from < bytes.length) {
    try {
      from += await writeSome(fd, bytes, from);
    } catch (error) {
      if (systemCodeOf(error) !== "EAGAIN") throw writeFailure(error);
      await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY));
    }
  }
}

function writeSome(fd: number, bytes: Uint8Array, from: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.write(fd, bytes, from, bytes.length - from, null, (error, written) => {
      if (error === null) resolve(written);
      else reject(error);
    });
  });
}

/** The error of a failed write, in words. */
export function writeFailure(error: unknown): VarveError {
  switch (systemCodeOf(error)) {
    case "EPIPE":
      return new VarveError("DESTINATION_CLOSED", "the output was closed before the image ended", {
        cause: error,
        hint: "the program reading it stopped early; its own message says why",
      });
    case "ENOSPC":
    case "EDQUOT":
      return new VarveError("DESTINATION_FULL", "no space left where the image is written", {
        cause: error,
        hint: "free some space, or write elsewhere",
      });
    default:
      return new VarveError(
        "DESTINATION_FAILED",
        `the image could not be written: ${messageOf(error)}`,
        { cause: error, hint: "is the place sound where it is written?" },
      );
  }
}
