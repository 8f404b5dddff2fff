/** @type {[string, number][]} */
const UNITS = [
  ["d", 86_400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
];

/**
 * When an entry goes, on this browser's clock; null means never.
 * @param {number | null} ttl seconds from now
 */
export function toExpiresAt(ttl) {
  return ttl === null ? null : Date.now() + ttl * 1000;
}

/**
 * Seconds that remain, at least one, as the API wants them.
 * @param {number | null} expiresAt
 */
export function toTtl(expiresAt) {
  return expiresAt === null ? null : Math.max(1, Math.ceil((expiresAt - Date.now()) / 1000));
}

/**
 * "in 5 min", rounded to the biggest unit that fits twice, so that it is never far off.
 * @param {number | null} expiresAt
 */
export function formatExpiry(expiresAt) {
  const ttl = toTtl(expiresAt);
  if (ttl === null) return "never";
  const [unit, seconds] = UNITS.find(([, length]) => ttl >= 2 * length) ?? ["s", 1];
  return `in ${Math.round(ttl / seconds)} ${unit}`;
}
