import { VarveError } from "../../errors.ts";
import { decodeNix32, nix32Length } from "./nix32.ts";

/** Algorithm → length of its hashes in bytes. */
const HASH_LENGTHS: Readonly<Record<string, number>> = {
  md5: 16,
  sha1: 20,
  sha256: 32,
  sha512: 64,
  blake3: 32,
};

/**
 * A hash in SRI form (`sha256-…`), however it is written: nix32, SRI, hex, base64, with a prefix or
 * bare (then SHA-256), or as the object that newer versions of Nix print
 * (reference: nix-store-and-binary-cache, section 1).
 *
 * @throws VarveError `HASH_INVALID`
 */
export function sriOf(hash: unknown): string {
  if (typeof hash === "string") return sriOfText(hash);
  const found = typeof hash === "object" && hash !== null ? ofObject(hash) : undefined;
  if (found === undefined) throw invalid(JSON.stringify(hash));
  return found;
}

function sriOfText(text: string): string {
  const [, algorithm = "sha256", digest = ""] = /^(?:([a-z0-9]+)[:-])?(.+)$/s.exec(text) ?? [];
  const length = HASH_LENGTHS[algorithm];
  if (length === undefined) throw invalid(text);
  const bytes = decode(digest, length);
  if (bytes?.length !== length) throw invalid(text);
  return `${algorithm}-${bytes.toString("base64")}`;
}

/** The length tells the encoding: no two encodings of one algorithm are equally long. */
function decode(digest: string, length: number): Buffer | undefined {
  if (digest.length === length * 2 && /^[0-9a-f]+$/i.test(digest)) {
    return Buffer.from(digest, "hex");
  }
  if (digest.length === nix32Length(length)) return decodeNix32(digest);
  const bytes = Buffer.from(digest, "base64");
  return bytes.toString("base64") === digest ? bytes : undefined;
}

/** `{algorithm, format, hash}`, or `{algo, base16}` and the like. */
function ofObject(hash: object): string | undefined {
  const fields = new Map<string, unknown>(Object.entries(hash));
  const algorithm = fields.get("algorithm") ?? fields.get("algo");
  const digest = ["hash", "base16", "base32", "nix32", "base64", "sri"]
    .map((name) => fields.get(name))
    .find((value) => typeof value === "string");
  if (typeof algorithm !== "string" || digest === undefined) return undefined;
  return sriOfText(/[:-]/.test(digest) ? digest : `${algorithm}:${digest}`);
}

function invalid(text: string): VarveError {
  return new VarveError("HASH_INVALID", `${text} is not a hash as Nix writes them`, {
    hint: "such as sha256-…= or sha256:… with 64 hexadecimal or 52 nix32 digits",
  });
}
