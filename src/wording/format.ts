const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** A number of bytes for people, in powers of 1000: `1.53 GB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** A duration for people: `0.42 s`, `2 min 5 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(seconds < 9.995 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** `1 layer`, `2 layers`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

const STORED_LAYER =
  /^(?:sha256:|blobs\/sha256\/)?([0-9a-f]{12})[0-9a-f]{52}(?:\.tar|\/layer\.tar)?$/;

/**
 * The name of a store path without its hash, the beginning of a layer's digest; other ids as they
 * are.
 */
export function shortName(id: string): string {
  const digest = STORED_LAYER.exec(id)?.[1];
  if (digest !== undefined) return digest;
  return /\/[0-9a-z]{32}-(.+)$/.exec(id)?.[1] ?? id;
}

/** The names of a few components, and how many more there are. */
export function nameSome(ids: readonly string[], most: number): string {
  const names = ids.slice(0, most).map(shortName);
  const rest = ids.length - names.length;
  return rest > 0 ? `${names.join(", ")} and ${rest} more` : names.join(", ");
}

/** Text cut to a terminal's width. */
export function cutTo(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
