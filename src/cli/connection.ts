import type { ConnectionOptions } from "../registry/tls.ts";
import type { ConnectionFlags } from "./flags.ts";

/** How registries are reached, as the command line says. */
export function connectionOf(flags: ConnectionFlags): ConnectionOptions {
  const { plainHttp, tlsVerify, caFile } = flags;
  return { plainHttp, tlsVerify, caFile };
}
