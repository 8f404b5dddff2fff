import fastify from "fastify";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";

import type { LogLevel } from "./config.ts";
import { answerErrors, answerUnreadable, sendProblem } from "./http/answer-errors.ts";
import { refuseCrossSiteChanges } from "./http/cross-site.ts";
import { addDefaultHeaders } from "./http/default-headers.ts";
import { drainOnClose } from "./http/drain.ts";
import { acceptJsonOnly } from "./http/json-body.ts";
import { collectMethods } from "./http/method-not-allowed.ts";
import { requestId } from "./http/request-id.ts";
import { ajvOptions } from "./http/validation.ts";
import { MAX_BODY_BYTES } from "./limits.ts";
import { RequestLog, loggerOptions } from "./logging.ts";
import { createMetrics } from "./metrics.ts";
import { addHealthRoutes } from "./routes/health.ts";
import { addKvRoutes } from "./routes/kv.ts";
import { addMetricsRoute } from "./routes/metrics.ts";
import { addPageRoutes } from "./routes/page.ts";
import { meterStore } from "./store/metered-store.ts";
import type { Store } from "./store/store.ts";

/** A whole request must have arrived by then, or its sender is only keeping the connection. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than any key that passes validation, which then says what is wrong with a longer one. */
const MAX_PARAM_LENGTH = 8192;

export interface ServerOptions {
  readonly logLevel: LogLevel;
  readonly openStore: (log: FastifyBaseLogger) => Store;
}

/** The whole service, not yet listening. Closing it closes its store. */
export function buildServer({ logLevel, openStore }: ServerOptions): FastifyInstance {
  const app = fastify({
    logger: loggerOptions(logLevel),
    logController: new RequestLog(),
    genReqId: requestId,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    ajv: ajvOptions,
    frameworkErrors: sendProblem,
    clientErrorHandler: answerUnreadable,
    return503OnClosing: false,
  });
  const metrics = createMetrics();
  const store = meterStore(openStore(app.log), metrics);
  metrics.watchStore(() => store.status());
  app.addHook("onClose", () => store.close());

  drainOnClose(app);
  addDefaultHeaders(app);
  refuseCrossSiteChanges(app);
  acceptJsonOnly(app);
  answerErrors(app);

  const answerOtherMethods = collectMethods(app);
  addPageRoutes(app, store);
  addKvRoutes(app, store);
  addHealthRoutes(app, store);
  addMetricsRoute(app, metrics);
  answerOtherMethods();
  return app;
}
