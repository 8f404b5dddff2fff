/** A place in a text, as editors count: both from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** What stands at one place of a JSON text: a string, a number or word, or a mark. */
const TOKEN = /\s*("(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s[\]{}:,"]+)/sy;

/**
 * Where in a JSON text a value stands, or the key that leads to it; for what is not there, the
 * last that is.
 *
 * @param text that has been parsed already: it is not checked again
 */
export function placeInJson(text: string, path: readonly PropertyKey[]): TextPlace {
  return placeAt(text, new Search(text).find(path));
}

function placeAt(text: string, offset: number): TextPlace {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

function ignore(): void {
  // What does not lie on the path.
}

class Search {
  readonly #text: string;
  #at = 0;
  /** Where the token begins that was taken last. */
  #begin = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** @returns offset in the text */
  find(path: readonly PropertyKey[]): number {
    const first = this.#take();
    let found = this.#begin;
    this.#value(first, path, (offset) => {
      found = offset;
    });
    return found;
  }

  #take(): string {
    TOKEN.lastIndex = this.#at;
    const token = TOKEN.exec(this.#text)?.[1] ?? "";
    this.#at = TOKEN.lastIndex === 0 ? this.#text.length : TOKEN.lastIndex;
    this.#begin = this.#at - token.length;
    return token;
  }

  /** Goes over a value whose first token is taken; tells of what lies on the path. */
  #value(token: string, path: readonly PropertyKey[], onFound: (offset: number) => void): void {
    const [wanted, ...rest] = path;
    if (token === "{") {
      for (let key = this.#take(); key !== "}" && key !== ""; key = this.#take()) {
        if (key === ",") key = this.#take();
        const isMeant = wanted !== undefined && JSON.parse(key) === String(wanted);
        if (isMeant) onFound(this.#begin);
        this.#take();
        this.#value(this.#take(), isMeant ? rest : [], isMeant ? onFound : ignore);
      }
    } else if (token === "[") {
      let index = 0;
      for (let item = this.#take(); item !== "]" && item !== ""; item = this.#take()) {
        if (item === ",") {
          index += 1;
          item = this.#take();
        }
        const isMeant = wanted !== undefined && String(index) === String(wanted);
        if (isMeant) onFound(this.#begin);
        this.#value(item, isMeant ? rest : [], isMeant ? onFound : ignore);
      }
    }
  }
}
