import type { FastifyError } from "fastify";

import { MAX_BODY_BYTES } from "../limits.ts";
import { StoreError } from "../store/errors.ts";
import type { StoreErrorCode } from "../store/errors.ts";
import { Problem } from "./problem.ts";
import { validationDetails } from "./validation.ts";

/** How long a client should wait before it asks a store again that is away, in seconds. */
const RETRY_AFTER_SECONDS = "2";

const STORE_STATUS: Record<StoreErrorCode, number> = {
  store_unavailable: 503,
  store_unconfirmed: 503,
  store_full: 507,
  not_an_integer: 409,
  out_of_range: 409,
  wrong_type: 409,
};

/** The framework's own refusals in our words: error code of Fastify → status, code, message. */
const FRAMEWORK: Record<string, readonly [number, string, string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [
    413,
    "body_too_large",
    `The request body is longer than ${MAX_BODY_BYTES} bytes.`,
  ],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    415,
    "unsupported_media_type",
    "The request body must be JSON, sent with Content-Type: application/json.",
  ],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, "invalid_json", "The request body is not valid JSON."],
  FST_ERR_BAD_URL: [400, "invalid_url", "The path of the URL is not valid percent-encoded UTF-8."],
  FST_ERR_MAX_PARAM_LENGTH: [414, "url_too_long", "The URL is too long."],
};

/** Turns whatever was thrown into the answer that the client gets; never tells it internals. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof StoreError) return storeProblem(error);
  const { code, statusCode = 500, validation, validationContext } = error as FastifyError;
  if (validation) {
    const details = validationDetails(validation, validationContext);
    return new Problem(400, "invalid_request", "The request is not valid.", { details });
  }
  const known = FRAMEWORK[code];
  if (known) return new Problem(...known, { cause: error });
  if (error instanceof Error && statusCode >= 400 && statusCode < 500) {
    return new Problem(statusCode, "bad_request", error.message, { cause: error });
  }
  const message = "Something went wrong on the server.";
  return new Problem(500, "internal_error", message, { cause: error });
}

function storeProblem(error: StoreError): Problem {
  const status = STORE_STATUS[error.code];
  const headers = status === 503 ? { "retry-after": RETRY_AFTER_SECONDS } : {};
  return new Problem(status, error.code, error.message, { headers, cause: error });
}
