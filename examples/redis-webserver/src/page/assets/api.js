const TIMEOUT_MS = 5000;

/**
 * @typedef {{ in: string, field: string, message: string }} Detail
 * @typedef {{ key: string, value: string, ttl: number | null }} Entry
 * @typedef {{ entries: Entry[], cursor: string | null }} Page
 */

/** The server, or the way to it, refused. */
export class ApiError extends Error {
  /**
   * @param {number} status 0 when the server could not be reached at all
   * @param {string} message
   * @param {Detail[]} [details]
   */
  constructor(status, message, details = []) {
    super(message);
    this.status = status;
    this.details = details;
  }

  /** Whether it may work later without anything being done differently. */
  get temporary() {
    return this.status === 0 || this.status === 503;
  }
}

/** @param {string} key */
const entryPath = (key) => `/api/kv/${encodeURIComponent(key)}`;

export const api = {
  /** @returns {Promise<{ visits: number }>} */
  visits: () => call("GET", "/api/visits"),

  /** @returns {Promise<unknown>} */
  ready: () => call("GET", "/readyz"),

  /**
   * @param {{ prefix: string, cursor: string | null, signal: AbortSignal }} query
   * @returns {Promise<Page>}
   */
  list: ({ prefix, cursor, signal }) => {
    const query = new URLSearchParams({ prefix, ...(cursor !== null && { cursor }) });
    return call("GET", `/api/kv?${query}`, undefined, signal);
  },

  /** @param {Entry} entry @returns {Promise<Entry>} */
  put: ({ key, value, ttl }) => call("PUT", entryPath(key), { value, ttl }),

  /** @param {string} key @returns {Promise<Entry>} */
  increment: (key) => call("POST", `${entryPath(key)}/increment`, { by: 1 }),

  /** @param {string} key @returns {Promise<unknown>} */
  delete: (key) => call("DELETE", entryPath(key)),
};

/**
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
async function call(method, path, body, signal) {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  /** @type {Response} */
  let response;
  try {
    response = await fetch(path, {
      method,
      ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "The server cannot be reached.");
  }
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const { message = `The server answered ${response.status}.`, details } = answer.error ?? {};
  throw new ApiError(response.status, message, details);
}
