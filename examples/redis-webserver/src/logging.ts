import type {
  FastifyBaseLogger,
  FastifyReply,
  FastifyRequest,
  FastifyServerOptions,
} from "fastify";
import { LogController } from "fastify";

import type { LogLevel } from "./config.ts";

/** One JSON object a line on standard output, with time and level as people write them. */
export function loggerOptions(level: LogLevel): NonNullable<FastifyServerOptions["logger"]> {
  return {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
  };
}

/** Probes come every few seconds and say nothing as long as they succeed. */
const PROBES = new Set(["/healthz", "/readyz", "/metrics"]);

/** One line for each request, when it is done. */
export class RequestLog extends LogController {
  override incomingRequest(): void {}

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const { method, url } = request;
    const line = {
      method,
      url,
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime * 10) / 10,
      ...(error && { err: error }),
    };
    request.log[levelFor(request, reply)](line, "request");
  }
}

function levelFor(request: FastifyRequest, reply: FastifyReply): "warn" | "info" | "debug" {
  if (reply.statusCode >= 500) return "warn";
  return PROBES.has(request.routeOptions.url ?? "") ? "debug" : "info";
}

export type { FastifyBaseLogger as Logger };
