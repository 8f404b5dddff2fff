export type StoreErrorCode =
  | "store_unavailable"
  | "store_unconfirmed"
  | "store_full"
  | "not_an_integer"
  | "out_of_range"
  | "wrong_type";

/** The store could not do what was asked. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The request never reached the store, or was turned away: nothing has changed. */
export function storeUnavailable(cause?: unknown): StoreError {
  const message =
    "The data store cannot be reached right now. Nothing was changed; try again soon.";
  return new StoreError("store_unavailable", message, { cause });
}

/** The request was sent and no answer came back. */
export function storeUnconfirmed(cause: unknown): StoreError {
  const message =
    "The data store went away before it answered. A change may or may not have been made; look before trying again.";
  return new StoreError("store_unconfirmed", message, { cause });
}

export function storeFull(cause?: unknown): StoreError {
  const message = "The data store is full. Nothing was changed; delete something first.";
  return new StoreError("store_full", message, { cause });
}

export function notAnInteger(cause?: unknown): StoreError {
  const message = "The value of this key is not a 64-bit integer, so it cannot be incremented.";
  return new StoreError("not_an_integer", message, { cause });
}

export function outOfRange(cause?: unknown): StoreError {
  const message = "The result would not fit into a 64-bit integer. Nothing was changed.";
  return new StoreError("out_of_range", message, { cause });
}

export function wrongType(cause: unknown): StoreError {
  const message = "Something other than a string is stored in Redis under this key.";
  return new StoreError("wrong_type", message, { cause });
}
