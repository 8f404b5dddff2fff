import { VarveError } from "../../errors.ts";

/** Without e, o, t and u, so that no hash spells a word. */
const ALPHABET = "0123456789abcdfghijklmnpqrsvwxyz";
const BITS = 5;

/** Length in characters of so many bytes written in nix32. */
export function nix32Length(bytes: number): number {
  return Math.ceil((bytes * 8) / BITS);
}

/** Writes bytes in Nix' base 32, last digit first (reference: nix-store-and-binary-cache, section 1). */
export function encodeNix32(bytes: Uint8Array): string {
  let text = "";
  for (let digit = nix32Length(bytes.length) - 1; digit >= 0; digit -= 1) {
    const byte = (digit * BITS) >> 3;
    const shift = (digit * BITS) & 7;
    const next = bytes[byte + 1] ?? 0;
    text += ALPHABET[((bytes[byte]! >> shift) | (next << (8 - shift))) & 31]!;
  }
  return text;
}

/**
 * Reads nix32. A text that no bytes are written as is refused: one text for each hash.
 *
 * @throws VarveError `HASH_INVALID`
 */
export function decodeNix32(text: string): Buffer {
  const bytes = Buffer.alloc(Math.floor((text.length * BITS) / 8));
  if (nix32Length(bytes.length) !== text.length) throw invalid(text);
  for (let digit = 0; digit < text.length; digit += 1) {
    const value = ALPHABET.indexOf(text[text.length - 1 - digit]!);
    const byte = (digit * BITS) >> 3;
    const shift = (digit * BITS) & 7;
    const carry = value >> (8 - shift);
    const fits = byte < bytes.length && (carry === 0 || byte + 1 < bytes.length);
    if (value === -1 || (value !== 0 && !fits)) throw invalid(text);
    if (byte < bytes.length) bytes[byte]! |= (value << shift) & 0xff;
    if (carry !== 0) bytes[byte + 1]! |= carry;
  }
  return bytes;
}

function invalid(text: string): VarveError {
  return new VarveError("HASH_INVALID", `"${text}" is not nix32`);
}
