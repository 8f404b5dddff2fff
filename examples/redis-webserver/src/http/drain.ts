import type { Socket } from "node:net";

import type { FastifyInstance } from "fastify";

const CHECK_INTERVAL_MS = 100;

/**
 * Makes closing the server wait for requests, not for connections: Node waits for those on which no
 * request has come yet, which browsers open in advance, and for those that stay open after a response.
 */
export function drainOnClose(app: FastifyInstance): void {
  const sockets = new Set<Socket>();
  app.server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });

  let closing: NodeJS.Timeout | null = null;
  app.addHook("preClose", async () => {
    closing = setInterval(() => {
      app.server.closeIdleConnections();
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    }, CHECK_INTERVAL_MS);
  });
  app.addHook("onSend", async (_request, reply) => {
    if (closing !== null) reply.header("connection", "close");
  });
  app.addHook("onClose", async () => {
    if (closing !== null) clearInterval(closing);
  });
}
