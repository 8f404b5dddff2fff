import { credentialsKeyOf } from "../host.ts";
import { authFilePaths, credentialOf, readAuthFile } from "./auth-file.ts";
import type { AuthFile } from "./auth-file.ts";
import type { Credential, FindCredential } from "./credential.ts";
import { askCredentialProgram } from "./credential-program.ts";

/** Looks where Docker and podman keep credentials. Files are read once, when first asked. */
export function usualCredentials(env: NodeJS.ProcessEnv = process.env): FindCredential {
  let files: readonly AuthFile[] | undefined;
  return async (registry, repository) => {
    files ??= authFilePaths(env).flatMap((file) => readAuthFile(file) ?? []);
    for (const file of files) {
      const found = await inFile(file, registry, repository, env);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** As Docker: the registry's own program before the program for all before what the file holds. */
async function inFile(
  file: AuthFile,
  registry: string,
  repository: string,
  env: NodeJS.ProcessEnv,
): Promise<Credential | undefined> {
  const key = credentialsKeyOf(registry);
  const program = file.credHelpers[key] ?? file.credHelpers[registry] ?? file.credsStore;
  if (program !== undefined && program !== "") {
    const found = await askCredentialProgram(program, key, env);
    if (found !== undefined) return found;
  }
  const scoped = repository.split("/").map((_, index, parts) => {
    const rest = parts.slice(0, parts.length - index);
    return `${registry}/${rest.join("/")}`;
  });
  for (const wanted of [...scoped, registry, key]) {
    for (const [name, entry] of Object.entries(file.auths)) {
      if (name !== wanted && hostOf(name) !== wanted) continue;
      const found = credentialOf(entry);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/**
 * Older files have URLs as keys: `https://host/v1/`. Only their host counts; a key without a
 * scheme counts as it is, since it may name a part of a registry.
 */
function hostOf(key: string): string {
  const url = /^https?:\/\/([^/]+)(?:\/.*)?$/.exec(key);
  return url === null ? key : url[1]!;
}
