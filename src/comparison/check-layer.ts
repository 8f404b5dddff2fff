import { createHash } from "node:crypto";
import { decompress } from "../archives/compression/decompress.ts";
import { MAGIC_LENGTH, sniffCompression } from "../archives/compression/sniff.ts";
import type { ContentSource } from "../image/content-store.ts";
import type { Descriptor } from "../image/descriptor.ts";
import { factsFrom } from "../image/layer-annotations.ts";
import { isDamage } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { readEntries } from "./tar-entries.ts";

/**
 * Reads a layer's blob to its end: its length and digest, that it decompresses to a well-formed tar
 * of the diffID, and that its annotations say so.
 *
 * @param diffId undefined when nothing says it
 * @param onRead told how many bytes of the blob have been read
 */
export async function checkBlob(
  blob: Descriptor,
  diffId: string | undefined,
  source: ContentSource,
  place: string,
  findings: Finding[],
  onRead: (bytes: number) => void = () => undefined,
): Promise<void> {
  const hash = createHash("sha256");
  let read = 0;
  const counted = async function* counted(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of source.openBlob(blob)) {
      hash.update(chunk);
      read += chunk.length;
      onRead(read);
      yield chunk;
    }
  };
  const found: Finding[] = [];
  const tar = await checkTar(uncompressed(counted(), place), diffId, place, found);
  const isWhole = read === blob.size && `sha256:${hash.digest("hex")}` === blob.digest;
  const damage = isWhole ? undefined : await damageOf(blob, source, place);
  if (damage !== undefined) {
    // It is the reason for whatever the decoder says.
    findings.push(damage);
    return;
  }
  findings.push(...found);
  const size = factsFrom(blob)?.size;
  if (tar !== undefined && size !== undefined && size !== tar) {
    findings.push({ place, problem: `is annotated to be ${size} bytes long, but is ${tar}` });
  }
}

/**
 * Reads a layer's tar to its end.
 *
 * @returns its length, or undefined when it could not be read to its end
 */
export async function checkTar(
  tar: AsyncIterable<Uint8Array>,
  diffId: string | undefined,
  place: string,
  findings: Finding[],
): Promise<number | undefined> {
  const hash = createHash("sha256");
  const hashed = async function* hashed(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of tar) {
      hash.update(chunk);
      yield chunk;
    }
  };
  try {
    const { size } = await readEntries(hashed(), () => undefined, { structureOnly: true });
    const digest = `sha256:${hash.digest("hex")}`;
    if (diffId !== undefined && digest !== diffId) {
      findings.push({ place, problem: `its tar has the digest ${digest}, not ${diffId}` });
    }
    return size;
  } catch (error) {
    if (!isDamage(error)) throw error;
    findings.push({ place, problem: error.message });
    return undefined;
  }
}

/**
 * What is wrong with a blob that did not come as its digest says: read once more, to its end,
 * which a decoder need not have reached.
 */
async function damageOf(
  blob: Descriptor,
  source: ContentSource,
  place: string,
): Promise<Finding | undefined> {
  const hash = createHash("sha256");
  let read = 0;
  try {
    for await (const chunk of source.openBlob(blob)) {
      hash.update(chunk);
      read += chunk.length;
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
    if (read !== blob.size) return { place, problem: error.message };
  }
  const digest = `sha256:${hash.digest("hex")}`;
  if (digest !== blob.digest) {
    return { place, problem: `its blob has the digest ${digest}, not ${blob.digest}` };
  }
  if (read === blob.size) return undefined;
  return { place, problem: `its blob is ${read} bytes long, not ${blob.size}` };
}

async function* uncompressed(
  chunks: AsyncIterable<Uint8Array>,
  what: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = chunks[Symbol.asyncIterator]();
  let beginning: Uint8Array = Buffer.alloc(0);
  while (beginning.length < MAGIC_LENGTH) {
    const next = await iterator.next();
    if (next.done === true) break;
    beginning = Buffer.concat([beginning, next.value]);
  }
  const whole = async function* whole(): AsyncGenerator<Uint8Array, void, undefined> {
    yield beginning;
    yield* { [Symbol.asyncIterator]: () => iterator };
  };
  yield* decompress(whole(), sniffCompression(beginning), what);
}
