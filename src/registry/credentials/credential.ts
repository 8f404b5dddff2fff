/** What proves to a registry who is asking. */
export type Credential =
  | { readonly username: string; readonly password: string }
  /** Exchanged for tokens at the registry's token server. */
  | { readonly identityToken: string };

/** Finds the credential for a repository of a registry, if there is any. */
export type FindCredential = (
  registry: string,
  repository: string,
) => Promise<Credential | undefined>;
