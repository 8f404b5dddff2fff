import { VarveError } from "../../errors.ts";

const NIX32 = "0123456789abcdfghijklmnpqrsvwxyz";
const SHA256_BYTES = 32;
const SHA256_NIX32_LENGTH = 52;
const SHA256_HEX = /^[0-9a-f]{64}$/i;

/** Bytes in Nix's base 32 (reference: nix-store-and-binary-cache, section 1). */
export function nix32Encode(bytes: Uint8Array): string {
  let text = "";
  for (let digit = Math.ceil((bytes.length * 8) / 5) - 1; digit >= 0; digit -= 1) {
    const bit = digit * 5;
    const index = bit >> 3;
    const shift = bit & 7;
    const high = index + 1 < bytes.length ? bytes[index + 1]! << (8 - shift) : 0;
    text += NIX32[((bytes[index]! >> shift) | high) & 31]!;
  }
  return text;
}

/** Reads Nix's base 32 of `length` bytes; undefined when it is not that. */
export function nix32Decode(text: string, length: number): Uint8Array | undefined {
  if (text.length !== Math.ceil((length * 8) / 5)) return undefined;
  const bytes = new Uint8Array(length);
  for (let position = 0; position < text.length; position += 1) {
    const value = NIX32.indexOf(text[text.length - 1 - position]!);
    if (value === -1) return undefined;
    const bit = position * 5;
    const index = bit >> 3;
    const shift = bit & 7;
    bytes[index]! |= (value << shift) & 0xff;
    const high = value >> (8 - shift);
    if (high === 0) continue;
    if (index + 1 >= length) return undefined;
    bytes[index + 1]! |= high;
  }
  return bytes;
}

/**
 * A SHA-256 in any way in which Nix writes one — nix32, hexadecimal or base 64, with or without
 * `sha256:` or `sha256-` before it — as SRI: `sha256-<base 64>`.
 *
 * @throws VarveError `HASH_MALFORMED`
 */
export function sriOf(text: string): string {
  const digits = text.replace(/^sha256[:-]/, "");
  const bytes = decoded(digits);
  if (bytes?.length === SHA256_BYTES) return `sha256-${Buffer.from(bytes).toString("base64")}`;
  throw new VarveError("HASH_MALFORMED", `"${text}" is not a SHA-256`);
}

function decoded(digits: string): Uint8Array | undefined {
  if (SHA256_HEX.test(digits)) return Buffer.from(digits, "hex");
  if (digits.length === SHA256_NIX32_LENGTH) return nix32Decode(digits, SHA256_BYTES);
  if (/^[A-Za-z0-9+/]{43}=$/.test(digits)) return Buffer.from(digits, "base64");
  return undefined;
}
