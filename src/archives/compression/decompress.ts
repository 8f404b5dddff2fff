import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { Readable } from "node:stream";
import type { Writable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import * as zlib from "node:zlib";
import { messageOf, systemCodeOf, VarveError } from "../../errors.ts";
import type { Compressed } from "./sniff.ts";
import { ZstdFrameSplitter } from "./zstd-frames.ts";

/** Bytes a decoder gives at a time: by default it is so few that handing them on costs most. */
const CHUNK_SIZE = 1 << 18;

/**
 * Decompresses a stream. gzip and zstd are done here, of any number of members or frames; xz and
 * bzip2 by the programs of that name, since Node.js has neither. Where there is no xz, WebAssembly
 * takes twice the time.
 *
 * @param what names the bytes in errors
 * @throws VarveError `ARCHIVE_DAMAGED`, or `PROGRAM_MISSING` for bzip2
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  compressed: Compressed,
  what: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    switch (compressed) {
      case "none":
        yield* source;
        return;
      case "gzip":
        yield* throughStream(source, zlib.createGunzip({ chunkSize: CHUNK_SIZE }));
        return;
      case "zstd":
        yield* unzstd(source);
        return;
      case "xz":
      case "bzip2":
        yield* throughProgram(source, compressed, await start(compressed));
        return;
    }
  } catch (error) {
    if (error instanceof VarveError) throw error;
    throw new VarveError("ARCHIVE_DAMAGED", `${what} is damaged: ${messageOf(error)}`, {
      cause: error,
      hint: "get the file again, or build it anew",
    });
  }
}

async function* throughStream(
  source: AsyncIterable<Uint8Array>,
  transform: zlib.Gunzip,
): AsyncGenerator<Uint8Array, void, undefined> {
  const input = Readable.from(source);
  input.on("error", (error) => transform.destroy(error));
  input.pipe(transform);
  try {
    for await (const chunk of transform) yield chunk as Uint8Array;
  } finally {
    input.destroy();
    transform.destroy();
  }
}

async function* unzstd(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const splitter = new ZstdFrameSplitter();
  let decoder = zlib.createZstdDecompress({ chunkSize: CHUNK_SIZE });
  for await (const chunk of source) {
    for (const piece of splitter.push(chunk)) {
      const decoded = decoder;
      yield* fedWith(decoded, piece.bytes, piece.ends);
      if (piece.ends) decoder = zlib.createZstdDecompress({ chunkSize: CHUNK_SIZE });
    }
  }
  splitter.end();
}

/** Feeds a decoder and yields what it has to give; at the end of a frame, all that is left. */
async function* fedWith(
  decoder: zlib.ZstdDecompress,
  bytes: Uint8Array,
  ends: boolean,
): AsyncGenerator<Uint8Array, void, undefined> {
  const output: Uint8Array[] = [];
  const collect = (chunk: Uint8Array): void => {
    output.push(chunk);
  };
  decoder.on("data", collect);
  await new Promise<void>((resolve, reject) => {
    decoder.once("error", reject);
    if (ends) {
      decoder.once("end", resolve);
      decoder.end(bytes);
    } else {
      decoder.write(bytes, (error) => {
        if (error === null || error === undefined) resolve();
        else reject(error);
      });
    }
  });
  decoder.off("data", collect);
  decoder.removeAllListeners("error");
  yield* output;
}

/** A program with all its pipes. */
type Decompressor = ChildProcessByStdio<Writable, Readable, Readable>;

/** Undefined where the program is not installed. */
async function start(program: "xz" | "bzip2"): Promise<Decompressor | undefined> {
  const child = spawn(program, ["-dc"], { stdio: ["pipe", "pipe", "pipe"] });
  try {
    await once(child, "spawn");
    return child;
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function* throughProgram(
  source: AsyncIterable<Uint8Array>,
  program: "xz" | "bzip2",
  child: Decompressor | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (child === undefined) {
    if (program === "xz") return yield* throughWebAssembly(source);
    throw new VarveError("PROGRAM_MISSING", `reading this needs the program ${program}`, {
      hint: `install it (Debian: ${program}), or decompress the file first`,
    });
  }
  let complaint = "";
  child.stderr.on("data", (text: Buffer) => {
    complaint += text.toString("utf8");
  });
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  exit.catch(() => undefined);
  const input = Readable.from(source);
  input.on("error", (error) => child.stdout.destroy(error));
  // It stops reading when it finds damage, and then says what it found.
  child.stdin.on("error", () => undefined);
  input.pipe(child.stdin);
  try {
    for await (const chunk of child.stdout) yield chunk as Uint8Array;
    const status = await exit;
    if (status !== 0) throw new Error(complaint.trim() || `${program} failed`);
  } finally {
    input.destroy();
    child.kill();
  }
}

async function* throughWebAssembly(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { default: xz } = await import("xz-decompress");
  const stream = new xz.XzReadableStream(ReadableStream.from(source));
  yield* stream;
}
