import { randomInt } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileBytes } from "./file-bytes.ts";
import { writeFully } from "./write-fully.ts";

/** Bytes that a process keeps at a time: a temporary folder may be in memory. */
let room = 128 << 20;

/**
 * Bytes that went by and will be wanted once more, in a temporary file that has no name, so that
 * nothing is left behind however the process ends. Keeping is a favour: where there is no room for
 * all of them, none are kept.
 */
export class KeptBytes {
  #fd: number | undefined = openNameless();
  #size = 0;

  /** Adds bytes behind the others. */
  async add(chunk: Uint8Array): Promise<void> {
    if (this.#fd === undefined) return;
    if (chunk.length > room) {
      this.drop();
      return;
    }
    room -= chunk.length;
    this.#size += chunk.length;
    try {
      await writeFully(this.#fd, chunk);
    } catch {
      this.drop();
    }
  }

  /** Whether all that was added is here. */
  get isWhole(): boolean {
    return this.#fd !== undefined;
  }

  /** All that was added; afterwards nothing is kept any more. */
  async *taken(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      if (this.#fd !== undefined) yield* fileBytes(this.#fd, 0, this.#size);
    } finally {
      this.drop();
    }
  }

  drop(): void {
    if (this.#fd === undefined) return;
    fs.closeSync(this.#fd);
    this.#fd = undefined;
    room += this.#size;
    this.#size = 0;
  }
}

function openNameless(): number | undefined {
  const file = path.join(tmpdir(), `varve-${process.pid}-${randomInt(2 ** 32)}`);
  try {
    const fd = fs.openSync(file, "wx+", 0o600);
    fs.unlinkSync(file);
    return fd;
  } catch {
    return undefined;
  }
}
