import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";

import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from "fastify";

import { isAnswered } from "./method-not-allowed.ts";
import { Problem, problemBody } from "./problem.ts";
import { toProblem } from "./to-problem.ts";

/** Sends every error, thrown by whomever, in the one shape; logs those that are our fault. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler(async ({ method, url }) => {
    if (!isAnswered(method)) {
      throw new Problem(501, "not_implemented", `This server does not know the method ${method}.`);
    }
    throw new Problem(404, "not_found", `There is nothing at ${url.split("?", 1)[0]}.`);
  });
}

export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = toProblem(error);
  if (problem.status === 500) request.log.error({ err: problem.cause }, "unexpected error");
  void reply
    .code(problem.status)
    .headers({ "cache-control": "no-store", "x-request-id": request.id, ...problem.headers })
    .send(problemBody(problem, request.id));
}

const UNREADABLE: Record<string, readonly [number, string, string]> = {
  HPE_HEADER_OVERFLOW: [431, "headers_too_large", "The URL and headers are too long."],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "request_timeout", "The request took too long to arrive."],
};

/** Answers what is not even HTTP, before there is a request to speak of. */
export const answerUnreadable: NonNullable<FastifyServerOptions["clientErrorHandler"]> = (
  error,
  socket: Socket,
) => {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const [status, code, message] = UNREADABLE[error.code] ?? [
    400,
    "invalid_http",
    "This is not a valid HTTP request.",
  ];
  const body = JSON.stringify(problemBody(new Problem(status, code, message), null));
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      "Content-Type: application/json; charset=utf-8",
      `Content-Length: ${Buffer.byteLength(body)}`,
      "Connection: close",
      "",
      body,
    ].join("\r\n"),
  );
};
