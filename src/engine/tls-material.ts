import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { messageOf, systemCodeOf, VarveError } from "../errors.ts";

/** What TLS towards an engine needs; PEM texts. */
export interface TlsMaterial {
  /** Whom to trust; without it, the authorities that Node.js trusts. */
  readonly ca?: string;
  /** The client's certificate and key, for engines that want to know who calls. */
  readonly cert?: string;
  readonly key?: string;
  /** Check the engine's certificate. */
  readonly verify: boolean;
}

/**
 * Reads `ca.pem`, `cert.pem` and `key.pem` of a folder, those that exist.
 *
 * @param origin what names the folder, such as `DOCKER_CERT_PATH`, for errors
 * @throws VarveError `ENGINE_TLS` if one of them cannot be read or is no valid PEM, if a
 *   certificate has no key (or the reverse), or if `requireCa` and there is no `ca.pem`
 */
export async function readTlsMaterial(
  folder: string,
  options: { readonly verify: boolean; readonly requireCa: boolean; readonly origin: string },
): Promise<TlsMaterial> {
  const [ca, cert, key] = await Promise.all(
    ["ca.pem", "cert.pem", "key.pem"].map((name) => readPem(join(folder, name), options.origin)),
  );
  const refuse = (problem: string, cause?: unknown): never => {
    throw new VarveError(
      "ENGINE_TLS",
      `the TLS files in ${folder} (${options.origin}) ${problem}`,
      {
        hint: "the folder must hold ca.pem, and cert.pem with key.pem if the engine checks its clients",
        cause,
      },
    );
  };
  if (ca === undefined && options.requireCa) refuse("have no ca.pem");
  if (cert === undefined && key !== undefined) refuse("have key.pem but no cert.pem");
  if (cert !== undefined && key === undefined) refuse("have cert.pem but no key.pem");
  const pems = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
  try {
    createSecureContext(pems);
  } catch (error) {
    refuse(`are not valid: ${messageOf(error)}`, error);
  }
  return { ...pems, verify: options.verify };
}

async function readPem(file: string, origin: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return undefined;
    throw new VarveError("ENGINE_TLS", `cannot read ${file} (${origin}): ${messageOf(error)}`, {
      hint: "check the file's owner and mode",
      cause: error,
    });
  }
}
