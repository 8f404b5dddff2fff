import * as fs from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import * as tls from "node:tls";
import { messageOf, VarveError } from "../errors.ts";

/** How a registry is reached. */
export interface ConnectionOptions {
  /** Plain HTTP, never TLS. */
  readonly plainHttp?: boolean | undefined;
  /** False: certificates are not checked, and HTTP is taken when there is no TLS. */
  readonly tlsVerify?: boolean | undefined;
  /** A PEM file with further authorities. */
  readonly caFile?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Milliseconds without a byte either way after which a connection counts as dead. */
  readonly idleLimit?: number | undefined;
}

/** What TLS to one registry is made with. */
export interface TlsMaterial {
  readonly ca: string[];
  readonly cert?: string;
  readonly key?: string;
}

/**
 * The authorities and the client certificate for a registry: this machine's and Node.js' own
 * authorities, `SSL_CERT_FILE`, the file that was named, and what the usual folders of Docker and
 * podman hold for this host: `*.crt`, and pairs `*.cert`, `*.key` (dockerd's documentation,
 * "Verify repository client with certificates").
 */
export function tlsMaterialFor(registry: string, options: ConnectionOptions): TlsMaterial {
  const env = options.env ?? process.env;
  const ca = [...tls.getCACertificates("default"), ...tls.getCACertificates("system")];
  const own = env["SSL_CERT_FILE"];
  if (own !== undefined && own !== "") ca.push(readPem(own, "SSL_CERT_FILE"));
  if (options.caFile !== undefined) ca.push(readPem(options.caFile, "--ca-file"));
  let pair: { cert: string; key: string } | undefined;
  for (const folder of certificateFolders(registry, env)) {
    for (const name of namesIn(folder)) {
      const file = path.join(folder, name);
      if (name.endsWith(".crt")) ca.push(readPem(file, file));
      if (!name.endsWith(".cert")) continue;
      const key = file.replace(/\.cert$/, ".key");
      pair ??= { cert: readPem(file, file), key: readPem(key, key) };
    }
  }
  return pair === undefined ? { ca } : { ca, ...pair };
}

function certificateFolders(registry: string, env: NodeJS.ProcessEnv): string[] {
  const home = env["HOME"] ?? homedir();
  return [
    path.join(home, ".config/containers/certs.d"),
    path.join(home, ".config/docker/certs.d"),
    "/etc/containers/certs.d",
    "/etc/docker/certs.d",
  ].map((folder) => path.join(folder, registry));
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}

function readPem(file: string, what: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    throw new VarveError("REGISTRY_TLS", `${what}: ${file} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
