import { credentialsKeyOf } from "../host.ts";
import { authFilePaths, readAuthFile } from "./auth-file.ts";
import { removeAuth, setAuth } from "./change-auth-file.ts";
import { eraseFromCredentialProgram, giveToCredentialProgram } from "./credential-program.ts";
import type { Credential } from "./credential.ts";

/** Where a credential is kept. */
export interface Keeper {
  /** The file that holds it, or names the program that does. */
  readonly file: string;
  /** `pass` for `docker-credential-pass`; undefined when the file holds it itself. */
  readonly program: string | undefined;
}

/** Who keeps the credential for a registry: the first of the usual files, or its program. */
function keeperOf(registry: string, env: NodeJS.ProcessEnv): Keeper {
  const file = authFilePaths(env)[0]!;
  const known = readAuthFile(file);
  const program =
    known?.credHelpers[credentialsKeyOf(registry)] ??
    known?.credHelpers[registry] ??
    known?.credsStore;
  return { file, program: program === "" ? undefined : program };
}

/**
 * Keeps a credential as `docker login` does: with the program that the file names for this
 * registry, else in the file.
 */
export async function keepCredential(
  registry: string,
  username: string,
  credential: Credential,
  env: NodeJS.ProcessEnv,
): Promise<Keeper> {
  const keeper = keeperOf(registry, env);
  const key = credentialsKeyOf(registry);
  if (keeper.program !== undefined) {
    await giveToCredentialProgram(keeper.program, key, credential, env);
  }
  const isHeld = keeper.program === undefined;
  setAuth(keeper.file, key, isHeld ? { username, credential } : undefined);
  return keeper;
}

/**
 * Forgets a registry's credential, under every key that it may have.
 *
 * @returns the keeper, and whether it is known to have had one
 */
export async function forgetCredential(
  registry: string,
  env: NodeJS.ProcessEnv,
): Promise<Keeper & { readonly known: boolean }> {
  const keeper = keeperOf(registry, env);
  const key = credentialsKeyOf(registry);
  if (keeper.program !== undefined) {
    await eraseFromCredentialProgram(keeper.program, key, env);
  }
  const held = Object.keys(readAuthFile(keeper.file)?.auths ?? {}).filter(
    (name) => name === key || name === registry || isUrlOf(name, registry),
  );
  const known = removeAuth(keeper.file, held);
  return { ...keeper, known };
}

/** Older files have URLs as keys: `https://host/v1/`. */
function isUrlOf(key: string, registry: string): boolean {
  return /^https?:\/\/([^/]+)(?:\/.*)?$/.exec(key)?.[1] === registry;
}
