/** Where lines are shown: a terminal, and its size as it is now. */
export interface TerminalStream {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

const CLEAR_TO_END = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";

/**
 * Lines at the end of a terminal that are drawn anew, over those that scroll away above them. All
 * that changes at a time is written at once, and a line is overwritten rather than cleared first,
 * so that nothing flickers.
 */
export class LiveArea {
  readonly #stream: TerminalStream;
  /** Lines that stand there now. */
  #drawn = 0;

  constructor(stream: TerminalStream) {
    this.#stream = stream;
  }

  /** @param above a line that stays, over those that move */
  draw(lines: readonly string[], above?: string): void {
    if (above === undefined && lines.length === 0 && this.#drawn === 0) return;
    const all = above === undefined ? lines : [above, ...lines];
    const text = all.map((line) => `${line}${CLEAR_TO_END}\n`).join("");
    const fewer = this.#drawn > all.length ? CLEAR_BELOW : "";
    this.#stream.write(`${this.#back()}${text}${fewer}`);
    this.#drawn = lines.length;
  }

  /** Leaves the terminal as if nothing had moved. */
  clear(): void {
    if (this.#drawn > 0) this.#stream.write(`${this.#back()}${CLEAR_BELOW}`);
    this.#drawn = 0;
  }

  /** To the beginning of the first line that moves. */
  #back(): string {
    return this.#drawn === 0 ? "" : `\r\u001b[${this.#drawn}A`;
  }
}
