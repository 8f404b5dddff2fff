import type { VarveError } from "../../errors.ts";
import { WatchedFolder } from "./watched-folder.ts";

/** How long nothing must happen before changes are told of: an editor writes in several steps. */
const QUIET_MS = 50;
/** How long they are held back at most while something happens all the time. */
const LONGEST_MS = 1000;

export interface WatchOptions {
  /** Ends the watching. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds without a change before changes are told of. [50] */
  readonly quietMs?: number;
}

/**
 * Files and folders that change, in batches: absolute paths, sorted, each once. A path may be one
 * whose content is the same after all, or a folder of which more has changed; whoever wants to know
 * looks. Nothing that happens after the first call of `next` is missed, and nothing while a batch
 * is worked on. Folders may vanish and come back. What is in `.git` and `node_modules` does not
 * count.
 *
 * @param places absolute paths; they need not exist yet
 * @throws VarveError `WATCH_LIMIT` when the system lets no more be watched
 */
export async function* watchFiles(
  places: readonly string[],
  { signal, quietMs = QUIET_MS }: WatchOptions = {},
): AsyncGenerator<readonly string[], void, undefined> {
  const changes = new Changes(quietMs);
  const folders = places.map(
    (place) =>
      new WatchedFolder(
        place,
        (file) => {
          changes.add(file);
        },
        (error) => {
          changes.fail(error);
        },
      ),
  );
  const end = (): void => {
    changes.end();
  };
  signal?.addEventListener("abort", end, { once: true });
  if (signal?.aborted === true) end();
  try {
    for (;;) {
      const batch = await changes.next();
      if (batch === undefined) return;
      yield batch;
    }
  } finally {
    signal?.removeEventListener("abort", end);
    changes.end();
    for (const folder of folders) folder.close();
  }
}

/** Collects paths until nothing happens for a while. */
class Changes {
  readonly #quietMs: number;
  readonly #files = new Set<string>();
  #quiet: NodeJS.Timeout | undefined;
  #longest: NodeJS.Timeout | undefined;
  #isDue = false;
  #isOver = false;
  #failure: VarveError | undefined;
  #wake: (() => void) | undefined;

  constructor(quietMs: number) {
    this.#quietMs = quietMs;
  }

  add(file: string): void {
    if (this.#isOver) return;
    this.#files.add(file);
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => {
      this.#fallDue();
    }, this.#quietMs);
    this.#longest ??= setTimeout(() => {
      this.#fallDue();
    }, LONGEST_MS);
  }

  fail(error: VarveError): void {
    this.#failure ??= error;
    this.#wake?.();
  }

  end(): void {
    this.#isOver = true;
    this.#clearTimers();
    this.#wake?.();
  }

  async next(): Promise<readonly string[] | undefined> {
    while (!this.#isDue && !this.#isOver && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isOver) return undefined;
    this.#isDue = false;
    const batch = [...this.#files].toSorted((a, b) => (a < b ? -1 : 1));
    this.#files.clear();
    return batch;
  }

  #fallDue(): void {
    this.#clearTimers();
    this.#isDue = true;
    this.#wake?.();
  }

  #clearTimers(): void {
    clearTimeout(this.#quiet);
    clearTimeout(this.#longest);
    this.#quiet = undefined;
    this.#longest = undefined;
  }
}
