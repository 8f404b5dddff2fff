/**
 * Distinct strings in the order of their UTF-8 bytes, which is the order in which Redis keeps the
 * members of a sorted set. (JavaScript's own order, by UTF-16 code units, differs for characters
 * beyond U+FFFF.)
 */
export class SortedKeys {
  readonly #keys: string[] = [];

  add(key: string): void {
    const index = this.#firstNotBefore(key);
    if (this.#keys[index] !== key) this.#keys.splice(index, 0, key);
  }

  remove(key: string): void {
    const index = this.#firstNotBefore(key);
    if (this.#keys[index] === key) this.#keys.splice(index, 1);
  }

  /** Keys that begin with the prefix and come after `after`, in order. */
  *from(prefix: string, after: string | null): Generator<string> {
    const beyond = after !== null && compareUtf8(after, prefix) >= 0;
    let index = this.#firstNotBefore(beyond ? after : prefix);
    if (beyond && this.#keys[index] === after) index += 1;
    for (; index < this.#keys.length; index += 1) {
      const key = this.#keys[index] as string;
      if (!key.startsWith(prefix)) return;
      yield key;
    }
  }

  #firstNotBefore(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareUtf8(this.#keys[middle] as string, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Compares as the UTF-8 bytes would, without making them. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const difference = rank(a.charCodeAt(index)) - rank(b.charCodeAt(index));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Lifts surrogates, which stand for characters beyond U+FFFF, above the rest of the code units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
