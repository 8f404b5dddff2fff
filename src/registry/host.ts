import * as net from "node:net";

/** Docker Hub's names differ from the host that serves its API (reference: registry-protocol, section 5). */
const DOCKER_HUB = "docker.io";
const DOCKER_HUB_API = "registry-1.docker.io";
const DOCKER_HUB_CREDENTIALS = "https://index.docker.io/v1/";

/** The host that serves the API of a registry: usually the one of its name. */
export function apiHostOf(registry: string): string {
  return registry === DOCKER_HUB ? DOCKER_HUB_API : registry;
}

/** The name under which Docker keeps a registry's credentials. */
export function credentialsKeyOf(registry: string): string {
  return registry === DOCKER_HUB ? DOCKER_HUB_CREDENTIALS : registry;
}

/** Whether a registry runs on this machine, as Docker tells: `localhost`, 127.0.0.0/8, `::1`. */
export function isLoopback(registry: string): boolean {
  const { hostname } = new URL(`http://${registry}`);
  const bare = hostname.replace(/^\[|\]$/g, "");
  if (net.isIPv4(bare)) return bare.startsWith("127.");
  return bare === "::1" || bare === "localhost" || bare.endsWith(".localhost");
}
