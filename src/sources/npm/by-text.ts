/** Order of names that is the same on every machine: by UTF-16 code units, no locale. */
export function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
