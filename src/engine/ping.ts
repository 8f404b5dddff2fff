import { VarveError } from "../errors.ts";
import { negotiateApiVersion } from "./api-version.ts";
import { exchange, refusalOf } from "./exchange.ts";
import type { CallOptions } from "./exchange.ts";
import { engineAt } from "./failures.ts";
import type { Transport } from "./transport.ts";

/** What an engine says of itself at the first contact. */
export interface Ping {
  readonly product: "docker" | "podman";
  /** The version of the Engine API that is spoken from now on, e.g. `1.41`. */
  readonly apiVersion: string;
  /** The newest version that the engine offers. */
  readonly engineApiVersion: string;
  /** Operating system of the containers: `linux`, or `windows`. */
  readonly os: string;
}

/** Asks whether an engine is there, and agrees on the version of the API. */
export async function ping(transport: Transport, options?: CallOptions): Promise<Ping> {
  const request = { method: "GET", path: "/_ping" } as const;
  const answer = await exchange(transport, request, options);
  const engineApiVersion = answer.headers["api-version"];
  if (answer.status !== 200) throw refusalOf(transport, request, answer);
  if (typeof engineApiVersion !== "string") {
    throw new VarveError(
      "ENGINE_PROTOCOL",
      `${engineAt(transport.endpoint)} is no Docker engine: GET /_ping is answered without an API version`,
      { hint: "check the address" },
    );
  }
  const server = String(answer.headers["server"] ?? "");
  const podman = "libpod-api-version" in answer.headers || server.startsWith("Libpod/");
  return {
    product: podman ? "podman" : "docker",
    apiVersion: negotiateApiVersion(engineApiVersion),
    engineApiVersion,
    os: String(answer.headers["ostype"] ?? "linux"),
  };
}
