import type { FastifyInstance } from "fastify";

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * Ends the process on SIGTERM and SIGINT: no new connections, requests in flight finish, then the
 * store closes. What takes longer than the timeout is cut off; a second signal does so at once. The
 * handlers also matter for being process 1, which ignores signals that it does not handle.
 */
export function closeOnSignal(app: FastifyInstance, timeoutMs: number): void {
  let closing = false;
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (closing) {
        app.log.warn({ signal }, "stopping at once");
        process.exit(1);
      }
      closing = true;
      app.log.info({ signal, timeoutMs }, "stopping when the requests in flight are done");
      void close(app, timeoutMs);
    });
  }
}

async function close(app: FastifyInstance, timeoutMs: number): Promise<void> {
  const deadline = setTimeout(() => {
    app.log.error({ timeoutMs }, "stopped with requests unfinished");
    process.exit(1);
  }, timeoutMs);
  try {
    await app.close();
    app.log.info("stopped");
  } catch (error) {
    app.log.error({ err: error }, "could not close cleanly");
    process.exitCode = 1;
  }
  clearTimeout(deadline);
  process.exit();
}
