const MOST_SHOWN = 10;

/** Names for a hint, not more than a person reads. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, MOST_SHOWN).join(", ");
  return names.length > MOST_SHOWN ? `${shown} and ${names.length - MOST_SHOWN} more` : shown;
}
