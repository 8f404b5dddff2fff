import type { ByteString } from "./byte-string.ts";
import { BLOCK_SIZE } from "./header.ts";

const CHECKSUM_AT = 148;
const CHECKSUM_LENGTH = 8;

/** A text field of a header, up to its first NUL. */
export function textAt(block: Buffer, offset: number, length: number): ByteString {
  const text = block.toString("latin1", offset, offset + length);
  const end = text.indexOf("\0");
  return end === -1 ? text : text.slice(0, end);
}

/**
 * A number of a header: octal, or GNU's base 256, which its first bit marks and which may be
 * negative; NaN if it is neither.
 */
export function numberAt(block: Buffer, offset: number, length: number): number {
  if (block[offset]! >= 0x80) {
    const digits = block.toString("hex", offset, offset + length);
    return Number(BigInt.asIntN(length * 8 - 1, BigInt(`0x${digits}`)));
  }
  const text = textAt(block, offset, length).trim();
  return /^[0-7]*$/.test(text) ? Number.parseInt(text || "0", 8) : Number.NaN;
}

/** Whether a header's checksum is that of its bytes. */
export function isChecksumRight(block: Buffer): boolean {
  let sum = CHECKSUM_LENGTH * 0x20;
  for (let index = 0; index < BLOCK_SIZE; index += 1) {
    const isIn = index >= CHECKSUM_AT && index < CHECKSUM_AT + CHECKSUM_LENGTH;
    if (!isIn) sum += block[index]!;
  }
  return numberAt(block, CHECKSUM_AT, CHECKSUM_LENGTH) === sum;
}
