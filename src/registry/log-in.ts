import { VarveError } from "../errors.ts";
import { RegistryClient } from "./client.ts";
import type { RegistryOptions } from "./client.ts";
import type { Credential } from "./credentials/credential.ts";
import { RegistryError } from "./registry-error.ts";
import { RegistrySettings } from "./settings/registry-settings.ts";

/** What came of showing a credential to a registry. */
export interface Login {
  /** What is to be kept: an identity token instead of the password, where there is one. */
  readonly credential: Credential;
  /** False when the registry lets everybody in, so that nothing is proven. */
  readonly isChecked: boolean;
}

/**
 * Shows a credential to a registry, as `docker login` does (reference: registry-protocol,
 * section 7).
 *
 * @throws VarveError `LOGIN_REFUSED`; RegistryError
 */
export async function logIn(
  registry: string,
  credential: Credential,
  options: Omit<RegistryOptions, "find" | "wantsIdentity"> = {},
): Promise<Login> {
  const settings = RegistrySettings.fromFiles({ env: options.env });
  const isInsecure = await settings.isInsecure(registry);
  const client = await RegistryClient.connect(registry, {
    ...options,
    tlsVerify: options.tlsVerify ?? (isInsecure ? false : undefined),
    find: () => Promise.resolve(credential),
    wantsIdentity: true,
  });
  try {
    const access = { repository: "", scopes: [] };
    await client.request({ method: "GET", at: "", access, expect: [200] });
    const { identityToken, isAsked } = client;
    return {
      credential: identityToken === undefined ? credential : { identityToken },
      isChecked: isAsked,
    };
  } catch (error) {
    const denied = error instanceof RegistryError && error.code === "REGISTRY_DENIED";
    if (!denied) throw error;
    throw new VarveError(
      "LOGIN_REFUSED",
      `${registry} does not accept this user and password: ${error.message}`,
      { cause: error, hint: "many registries want an access token instead of the password" },
    );
  } finally {
    client.close();
  }
}
