import type { RegistryAnswer } from "./client.ts";
import { RegistryError } from "./registry-error.ts";
import type { RepositoryClient } from "./repository-client.ts";

/**
 * Asks the registry to take a blob over from another repository of its own (OCI
 * distribution-spec, "Mounting a blob from another repository").
 *
 * @returns whether it did; when not, nothing is left behind
 */
export async function mountBlob(
  repository: RepositoryClient,
  digest: string,
  from: string,
): Promise<boolean> {
  const query = new URLSearchParams({ mount: digest, from });
  try {
    const answer = await repository.client.request({
      method: "POST",
      at: repository.at(`blobs/uploads/?${query.toString()}`),
      access: repository.pushAccess(from),
      headers: { "content-length": "0" },
      expect: [201, 202],
    });
    if (answer.status === 202) await cancel(repository, answer);
    return answer.status === 201;
  } catch (error) {
    // Registries refuse what they may not or cannot mount; the upload will tell what is wrong.
    if (error instanceof RegistryError && error.status !== undefined) return false;
    throw error;
  }
}

/** Best effort: registries clean up abandoned uploads themselves, too. */
async function cancel(repository: RepositoryClient, answer: RegistryAnswer): Promise<void> {
  const { location } = answer.headers;
  const at = location === undefined ? null : URL.parse(location, answer.url.href);
  if (at === null) return;
  const request = { method: "DELETE", at, access: repository.pushAccess() };
  await repository.client.once({ ...request, expect: [200, 202, 204] }).catch(() => undefined);
}
