import * as fs from "node:fs";
import { VarveError } from "../errors.ts";
import { displayText } from "../tar/byte-string.ts";
import type { ByteString } from "../tar/byte-string.ts";
import { endOfArchiveLength, HeaderWriter, paddingOf } from "../tar/header.ts";
import type { TarEntry } from "../tar/entry.ts";
import { CHUNK_SIZE } from "./chunk-size.ts";
import type { LayerSpec } from "./layer-spec.ts";
import { attempt, OPEN_FLAGS, refuseTouched } from "./read-disk.ts";
import type { DiskPath } from "./read-disk.ts";
import type { EntryContent, VisitEntry } from "./visit-entry.ts";
import { walkLayer } from "./walk-layer.ts";
import { visitRecord, WalkRecorder } from "./walk-record.ts";
import type { WalkRecord } from "./walk-record.ts";

/** Takes the bytes of a tar as they are made. */
export type ByteConsumer = (bytes: Buffer) => void;

export interface WriteLayerOptions {
  /**
   * Gives the buffer to fill next, all of one length; by default it is one and the same, of
   * `CHUNK_SIZE` bytes, so that bytes must be used before the consumer returns.
   */
  readonly nextBuffer?: (() => Buffer) | undefined;
  /** What `measureLayer` has found: then nothing is walked. */
  readonly record?: WalkRecord | undefined;
}

/** The length of a layer's tar, and what is in it. */
export interface MeasuredLayer {
  readonly size: number;
  /** Undefined when it is too long to be kept. */
  readonly record: WalkRecord | undefined;
}

/** More than headers take, but for those with very long names, owners or attributes. */
const ROOMY = 1 << 14;

/** Bytes of a walk's record that are kept: some 200,000 entries. */
const LONGEST_RECORD = 1 << 23;

/**
 * Makes the tar of one layer, synchronously, and hands its bytes to `consume`
 * (reference: dockertools-wire-format, section 3).
 *
 * Memory does not grow with the content: one buffer, and the names of the folders being walked.
 *
 * @returns the length of the tar in bytes
 * @throws VarveError `PACK_MISSING`, `PACK_CHANGED`, `PACK_UNREADABLE`, `PACK_UNSUPPORTED`,
 *   `PACK_CONFLICT`, naming the file
 */
export function writeLayerTar(
  spec: LayerSpec,
  consume: ByteConsumer,
  { nextBuffer = oneBuffer(), record }: WriteLayerOptions = {},
): number {
  const writer = new LayerTarWriter(spec, consume, nextBuffer);
  const visit: VisitEntry = (entry, content) => {
    writer.add(entry, content);
  };
  if (record === undefined) walkLayer(spec, visit);
  else visitRecord(record, visit);
  return writer.finish();
}

/** The length of the same tar, found without reading content, and what is in it. */
export function measureLayer(spec: LayerSpec): MeasuredLayer {
  const headers = new HeaderWriter(spec.common);
  const recorder = new WalkRecorder(LONGEST_RECORD);
  let size = 0;
  walkLayer(spec, (entry, content) => {
    size += headers.length(entry) + entry.size + paddingOf(entry.size);
    recorder.visit(entry, content);
  });
  return { size: size + endOfArchiveLength(size), record: recorder.record() };
}

function oneBuffer(): () => Buffer {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_SIZE);
  return () => buffer;
}

class LayerTarWriter {
  readonly #headers: HeaderWriter;
  readonly #consume: ByteConsumer;
  readonly #nextBuffer: () => Buffer;
  /** Where there is as much space, any header of a short entry fits. */
  readonly #roomy: number;
  #buffer: Buffer;
  #used = 0;
  #flushed = 0;

  constructor(spec: LayerSpec, consume: ByteConsumer, nextBuffer: () => Buffer) {
    const { uname, gname } = spec.common;
    this.#headers = new HeaderWriter(spec.common);
    this.#roomy = ROOMY + 4 * (uname.length + gname.length);
    this.#consume = consume;
    this.#nextBuffer = nextBuffer;
    this.#buffer = nextBuffer();
  }

  add(entry: TarEntry, content: EntryContent): void {
    const space = this.#buffer.length - this.#used;
    const fits = space >= this.#roomy && isShort(entry);
    if (!fits && space < this.#headers.space(entry)) this.#flush();
    this.#used += this.#headers.write(this.#buffer, this.#used, entry);
    if (entry.size === 0 || content === undefined) return;
    if (Buffer.isBuffer(content)) this.#addBytes(content);
    else this.#addContent(content, entry.size);
    this.#addZeros(paddingOf(entry.size));
  }

  finish(): number {
    this.#addZeros(endOfArchiveLength(this.#flushed + this.#used));
    this.#flush();
    return this.#flushed;
  }

  /**
   * Reads the file straight into the buffer. Asks for one byte more than there should be, so that
   * a file that has grown is noticed without a further system call.
   */
  #addContent(from: DiskPath, size: number): void {
    const file = attempt(from, () => fs.openSync(from.path, OPEN_FLAGS));
    try {
      let left = size;
      while (left > 0) {
        if (this.#used === this.#buffer.length) this.#flush();
        if (left < this.#buffer.length && left + 1 > this.#buffer.length - this.#used)
          this.#flush();
        const space = this.#buffer.length - this.#used;
        const wanted = space === left ? left - 1 : Math.min(left + 1, space);
        const got = attempt(from, () => fs.readSync(file, this.#buffer, this.#used, wanted, null));
        if (got === 0 || got > left) refuseChanged(from.name, size);
        this.#used += got;
        left -= got;
      }
      if (from.stamp !== undefined && fs.fstatSync(file).ctimeMs !== from.stamp) {
        refuseTouched(from.name);
      }
    } finally {
      fs.closeSync(file);
    }
  }

  #addBytes(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#used === this.#buffer.length) this.#flush();
      const copied = bytes.copy(this.#buffer, this.#used, at);
      this.#used += copied;
      at += copied;
    }
  }

  #addZeros(count: number): void {
    let left = count;
    while (left > 0) {
      if (this.#used === this.#buffer.length) this.#flush();
      const now = Math.min(left, this.#buffer.length - this.#used);
      this.#buffer.fill(0, this.#used, this.#used + now);
      this.#used += now;
      left -= now;
    }
  }

  #flush(): void {
    if (this.#used === 0) return;
    this.#consume(this.#buffer.subarray(0, this.#used));
    this.#flushed += this.#used;
    this.#used = 0;
    this.#buffer = this.#nextBuffer();
  }
}

/** Whether its header is no longer than most, which is seen without laying it out. */
function isShort({ name, link, owner, xattrs }: TarEntry): boolean {
  return name.length + link.length < ROOMY / 2 && owner === undefined && xattrs === undefined;
}

function refuseChanged(path: ByteString, size: number): never {
  throw new VarveError(
    "PACK_CHANGED",
    `${displayText(path)} changed while it was packed: it is no longer ${size} bytes long`,
    { hint: "components must not change; run again when nothing writes there" },
  );
}
