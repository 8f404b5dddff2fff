import type { Access } from "./authorizer.ts";
import type { RegistryClient } from "./client.ts";

/** What transfers to and from a repository need of it. */
export interface RepositoryClient {
  readonly client: RegistryClient;
  /** A place below the repository, for a request. */
  at(rest: string): string;
  /** The access that pushing takes; with `from`, also what mounting from there takes. */
  pushAccess(from?: string): Access;
  hasBlob(digest: string): Promise<boolean>;
}
