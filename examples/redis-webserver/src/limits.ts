/** Longest key, in bytes of UTF-8. */
export const MAX_KEY_BYTES = 256;

/** Longest value, in bytes of UTF-8. */
export const MAX_VALUE_BYTES = 64 * 1024;

/**
 * Longest request body, in bytes. JSON may write every byte of a value as `\u00XX`, six bytes long,
 * so this lets every permitted value through however its sender escapes it.
 */
export const MAX_BODY_BYTES = 6 * MAX_VALUE_BYTES + 1024;

/** Longest lifetime of an entry, in seconds: one year. */
export const MAX_TTL_SECONDS = 365 * 24 * 60 * 60;

/** Most entries in one page of a list. */
export const MAX_PAGE_ENTRIES = 100;

/** Entries in one page of a list when the caller names no limit. */
export const DEFAULT_PAGE_ENTRIES = 50;

/** A page of a list ends early when its values together exceed this many bytes. */
export const MAX_PAGE_BYTES = 256 * 1024;

/** What the embedded store holds at most, in bytes, before it refuses to grow. */
export const MAX_EMBEDDED_BYTES = 64 * 1024 * 1024;
