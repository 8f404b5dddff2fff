import {
  StoreError,
  notAnInteger,
  outOfRange,
  storeFull,
  storeUnavailable,
  storeUnconfirmed,
  wrongType,
} from "./errors.ts";

/** Answers of Redis by which it turns a request away without having changed anything. */
const TURNED_AWAY =
  /^(?:LOADING|BUSY|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MISCONF|NOREPLICAS|NOAUTH|NOPERM|WRONGPASS)\b/;

/** What ioredis says when it did not even send the command. */
export const NOT_SENT = /writeable/;

/** Says in the store's own words what went wrong in a command to Redis. */
export function toStoreError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof StoreError) return error;
  const { message } = error;
  if (error.name !== "ReplyError") {
    return NOT_SENT.test(message) ? storeUnavailable(error) : storeUnconfirmed(error);
  }
  // Errors from inside a script carry a prefix or suffix, depending on the version of Redis.
  if (message.includes("not an integer")) return notAnInteger(error);
  if (message.includes("would overflow")) return outOfRange(error);
  if (message.includes("WRONGTYPE")) return wrongType(error);
  if (message.startsWith("OOM")) return storeFull(error);
  if (TURNED_AWAY.test(message)) return storeUnavailable(error);
  return error;
}
