import * as crypto from "node:crypto";

/** `sha256:<64 hex digits>` (OCI image-spec, descriptor.md, "Digests"). */
export type Digest = `sha256:${string}`;

const DIGEST_PATTERN = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): text is Digest {
  return DIGEST_PATTERN.test(text);
}

/** The digest of bytes at hand. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${crypto.hash("sha256", bytes, "hex")}`;
}

/** The 64 hex digits of a digest. */
export function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1);
}

/** The chain IDs of a stack of layers, bottom first (OCI image-spec, config.md, "Layer ChainID"). */
export function chainIdsOf(diffIds: readonly string[]): string[] {
  const chain: string[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : digestOf(Buffer.from(`${below} ${diffId}`)));
  }
  return chain;
}
