import type { FastifyInstance } from "fastify";

import { Problem } from "./problem.ts";

const ANSWERED = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/**
 * Call before any route is added; call the result after the last one. It gives every path an answer to
 * the methods that it does not have: 405 with `Allow`, or, to OPTIONS, what it does have.
 */
export function collectMethods(app: FastifyInstance): () => void {
  const allowed = new Map<string, Set<string>>();
  let collecting = true;

  app.addHook("onRoute", ({ url, method }) => {
    if (!collecting) return;
    const methods = allowed.get(url) ?? new Set(["OPTIONS"]);
    allowed.set(url, methods);
    for (const one of [method].flat()) methods.add(one);
  });

  return () => {
    collecting = false;
    for (const [url, methods] of allowed) {
      const allow = [...methods].toSorted().join(", ");
      app.options(
        url,
        { onRequest: async (_, reply) => reply.code(204).header("allow", allow).send() },
        never,
      );
      const others = ANSWERED.filter((method) => !methods.has(method));
      const refuse = async () => {
        const message = `This path answers only to ${allow}.`;
        throw new Problem(405, "method_not_allowed", message, { headers: { allow } });
      };
      app.route({ method: others, url, onRequest: refuse, handler: never });
    }
  };
}

/** Whether any path of this server could answer to the method. */
export function isAnswered(method: string): boolean {
  return ANSWERED.includes(method);
}

/** Never reached: the hook before it has answered, without reading a body first. */
function never(): void {}
