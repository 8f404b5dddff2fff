import { MAX_KEY_BYTES, MAX_PAGE_ENTRIES, MAX_TTL_SECONDS } from "../limits.ts";

// The formats are in ../http/validation.ts; each description completes "must be …" in an error.

export interface KeyParams {
  readonly key: string;
}

export const keyParams = {
  type: "object",
  required: ["key"],
  properties: {
    key: {
      type: "string",
      format: "key",
      description: `1 to ${MAX_KEY_BYTES} bytes of text without control characters, and not "." or ".."`,
    },
  },
};

export interface PutBody {
  readonly value: string;
  /** Seconds; without it the entry stays. */
  readonly ttl?: number | null;
}

export const putBody = {
  type: "object",
  description: "a JSON object",
  required: ["value"],
  additionalProperties: false,
  properties: {
    value: { type: "string", format: "storable", description: "text, without lone surrogates" },
    ttl: {
      type: ["integer", "null"],
      minimum: 1,
      maximum: MAX_TTL_SECONDS,
      description: `a whole number of seconds from 1 to ${MAX_TTL_SECONDS}, or null`,
    },
  },
};

export interface IncrementBody {
  readonly by?: number;
}

export const incrementBody = {
  type: "object",
  description: "a JSON object",
  additionalProperties: false,
  properties: {
    by: {
      type: "integer",
      minimum: Number.MIN_SAFE_INTEGER,
      maximum: Number.MAX_SAFE_INTEGER,
      description: `a whole number from ${Number.MIN_SAFE_INTEGER} to ${Number.MAX_SAFE_INTEGER}`,
    },
  },
};

export interface ListQuerystring {
  readonly prefix?: string;
  readonly cursor?: string;
  readonly limit?: string;
}

export const listQuery = {
  type: "object",
  additionalProperties: false,
  properties: {
    prefix: {
      type: "string",
      format: "key-prefix",
      description: `at most ${MAX_KEY_BYTES} bytes of text without control characters`,
    },
    cursor: {
      type: "string",
      format: "cursor",
      description: "a cursor from an earlier page",
    },
    limit: {
      type: "string",
      pattern: "^(?:[1-9][0-9]?|100)$",
      description: `a whole number from 1 to ${MAX_PAGE_ENTRIES}`,
    },
  },
};
