import { RegistryError } from "../../registry/registry-error.ts";

/** Times that a manifest is put, when the registry misses blobs that it said to have. */
export const MOST_ROUNDS = 3;

/**
 * The blobs that a registry misses when it refuses a manifest for them, though it said to have
 * them: those that it names, else all that it was believed to have. Some name one at a time, so that
 * at the second time all are meant.
 *
 * @param assumed digests of the blobs that were not sent
 * @param round the how-many-th time the manifest was put, from 1
 * @returns undefined for any other error, and where nothing was assumed
 */
export function lackedBlobs(
  error: unknown,
  assumed: readonly string[],
  round: number,
): readonly string[] | undefined {
  if (!(error instanceof RegistryError) || assumed.length === 0) return undefined;
  if (!error.says("MANIFEST_BLOB_UNKNOWN") && !error.says("BLOB_UNKNOWN")) return undefined;
  if (round > 1) return assumed;
  const told = JSON.stringify(error.complaints);
  const named = assumed.filter((digest) => told.includes(digest));
  return named.length === 0 ? assumed : named;
}
