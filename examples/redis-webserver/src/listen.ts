import type { FastifyInstance } from "fastify";

import type { Config } from "./config.ts";

/** Listens where the configuration says; by default on all addresses, IPv6 too where there is any. */
export async function listen(app: FastifyInstance, { host, port }: Config): Promise<string> {
  if (host !== null) return app.listen({ host, port });
  try {
    return await app.listen({ host: "::", port, listenTextResolver });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EAFNOSUPPORT" && code !== "EADDRNOTAVAIL") throw error;
    return app.listen({ host: "0.0.0.0", port, listenTextResolver });
  }
}

/** A wildcard address cannot be opened in a browser. */
function listenTextResolver(address: string): string {
  return `listening on all addresses: ${address.replace(/\/\/.*:/, "//localhost:")}`;
}
