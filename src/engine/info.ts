import * as v from "valibot";
import { VarveError } from "../errors.ts";
import { exchangeJson } from "./exchange.ts";
import type { CallOptions } from "./exchange.ts";
import { engineAt } from "./failures.ts";
import type { Ping } from "./ping.ts";
import type { Transport } from "./transport.ts";

/** What decides how images get into an engine. */
export interface EngineInfo {
  readonly product: "docker" | "podman";
  /** Identity of the engine, for remembering what it holds. podman makes up a new one each time. */
  readonly id: string;
  /** Name of its machine. */
  readonly name: string;
  /** E.g. `20.10.24`. */
  readonly version: string;
  readonly apiVersion: string;
  /** E.g. `linux`. */
  readonly os: string;
  /** As the engine's kernel names it, e.g. `x86_64`. */
  readonly architecture: string;
  /** Storage driver, e.g. `overlay2`. */
  readonly driver: string;
  /** Images are kept by containerd, not by Docker's classic store. */
  readonly containerdStore: boolean;
}

const infoSchema = v.object({
  ID: v.optional(v.string(), ""),
  Name: v.optional(v.string(), ""),
  ServerVersion: v.optional(v.string(), ""),
  OSType: v.optional(v.string(), ""),
  Architecture: v.optional(v.string(), ""),
  Driver: v.string(),
  DriverStatus: v.nullish(v.array(v.array(v.string())), []),
});

/** `GET /info`. How the containerd store is known: reference daemons-and-archives, section 6. */
export async function info(
  transport: Transport,
  { apiVersion, product }: Ping,
  options?: CallOptions,
): Promise<EngineInfo> {
  const request = { method: "GET", path: `/v${apiVersion}/info` } as const;
  const found = await exchangeJson(transport, request, infoSchema, options);
  if (found === undefined) {
    throw new VarveError("ENGINE_PROTOCOL", `${engineAt(transport.endpoint)} has no /info`);
  }
  return {
    product,
    id: found.ID,
    name: found.Name,
    version: found.ServerVersion,
    apiVersion,
    os: found.OSType,
    architecture: found.Architecture,
    driver: found.Driver,
    containerdStore: (found.DriverStatus ?? []).some(
      ([name, value]) => name === "driver-type" && value === "io.containerd.snapshotter.v1",
    ),
  };
}
