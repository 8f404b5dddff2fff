import * as net from "node:net";
import { UsageError } from "../errors.ts";

/** Docker Hub's names differ from the host that serves its API (reference: registry-protocol, section 5). */
export const DOCKER_HUB = "docker.io";
const DOCKER_HUB_API = "registry-1.docker.io";
const DOCKER_HUB_CREDENTIALS = "https://index.docker.io/v1/";

/** The host that serves the API of a registry: usually the one of its name. */
export function apiHostOf(registry: string): string {
  return registry === DOCKER_HUB ? DOCKER_HUB_API : registry;
}

/** Names under which people know Docker Hub. */
const DOCKER_HUB_NAMES = new Set(["", DOCKER_HUB, "index.docker.io", DOCKER_HUB_API]);

/**
 * The registry of a name or URL: `ghcr.io`, `https://ghcr.io/v2/`. Docker Hub's for nothing.
 *
 * @throws UsageError
 */
export function parseRegistry(text: string): string {
  const host = text.replace(/^https?:\/\//, "").split("/", 1)[0]!;
  if (DOCKER_HUB_NAMES.has(host)) return DOCKER_HUB;
  const url = URL.parse(`http://${host}`);
  if (url === null || url.username !== "" || url.password !== "" || /[\s?#]/.test(host)) {
    throw new UsageError("this is not a registry's name", {
      hint: "give its host, and port if it has one: registry.example:5000",
    });
  }
  return host;
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
