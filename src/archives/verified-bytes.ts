import { createHash } from "node:crypto";
import { VarveError } from "../errors.ts";

/**
 * Passes bytes on, and fails at their end unless their digest is the one promised.
 *
 * @param what names them in the error
 * @throws VarveError `ARCHIVE_DAMAGED`
 */
export async function* verifiedBytes(
  chunks: AsyncIterable<Uint8Array>,
  digest: string,
  what: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash("sha256");
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
  if (`sha256:${hash.digest("hex")}` === digest) return;
  throw new VarveError("ARCHIVE_DAMAGED", `${what} does not have the digest ${digest}`, {
    hint: "get the file again, or build it anew",
  });
}
