import * as v from "valibot";

/** What the engine is doing with an image that is being loaded. */
export interface LoadProgress {
  /** E.g. `Loading layer`. */
  readonly status: string;
  /** What it is about: part of a layer's digest. */
  readonly id?: string;
  /** Bytes done and bytes in all, where known. */
  readonly current?: number;
  readonly total?: number;
}

/** What an engine has taken in. */
export interface LoadResult {
  /** E.g. `redis-webserver:latest`, as the engine writes it. */
  readonly names: readonly string[];
  /** `sha256:…` of images without a name. */
  readonly ids: readonly string[];
}

const eventSchema = v.object({
  stream: v.optional(v.string()),
  status: v.optional(v.string()),
  id: v.optional(v.string()),
  progressDetail: v.nullish(
    v.object({ current: v.optional(v.number()), total: v.optional(v.number()) }),
  ),
  error: v.optional(v.string()),
  errorDetail: v.nullish(v.object({ message: v.optional(v.string()) })),
});

/**
 * Understands the lines that `POST /images/load` answers. The status is 200 even for a failure, so
 * that they alone tell how it went (reference: daemons-and-archives, sections 1 and 6).
 */
export class LoadEvents {
  readonly #names: string[] = [];
  readonly #ids: string[] = [];
  readonly #onProgress: ((progress: LoadProgress) => void) | undefined;
  /** Text of `stream` not yet ended by a newline. */
  #text = "";

  constructor(onProgress?: (progress: LoadProgress) => void) {
    this.#onProgress = onProgress;
  }

  /** Takes one value of the stream; the engine's error message, if it is one. */
  take(value: unknown): string | undefined {
    const checked = v.safeParse(eventSchema, value);
    if (!checked.success) return undefined;
    const event = checked.output;
    const error = event.errorDetail?.message || event.error;
    if (error) return error;
    if (event.status !== undefined) this.#report(event.status, event);
    if (event.stream === undefined) return undefined;
    const lines = (this.#text + event.stream).split("\n");
    this.#text = lines.pop() ?? "";
    return this.#takeLines(lines);
  }

  /** Takes what is left when the stream has ended; the engine's error message, if it is one. */
  end(): string | undefined {
    return this.#takeLines([this.#text]);
  }

  get result(): LoadResult {
    return { names: this.#names, ids: this.#ids };
  }

  #takeLines(lines: readonly string[]): string | undefined {
    for (const line of lines.map((text) => text.trim())) {
      // containerd's store tells this failure as text only, after "Loaded image".
      if (line.startsWith("Error unpacking image")) return line;
      const [, what, named = ""] = /^Loaded image( ID|\(s\))?: (.+)$/.exec(line) ?? [];
      if (named === "") {
        if (line !== "") this.#report(line, {});
      } else if (what === " ID") {
        this.#ids.push(named);
      } else {
        // podman lists several in one line.
        for (const name of named.split(",")) {
          (isDigest(name) ? this.#ids : this.#names).push(name.trim());
        }
      }
    }
    return undefined;
  }

  #report(status: string, event: Omit<v.InferOutput<typeof eventSchema>, "status">): void {
    const { current, total } = event.progressDetail ?? {};
    this.#onProgress?.({
      status,
      ...(event.id === undefined ? {} : { id: event.id }),
      ...(current === undefined ? {} : { current }),
      ...(total === undefined ? {} : { total }),
    });
  }
}

function isDigest(name: string): boolean {
  return /^\s*sha256:[0-9a-f]{64}\s*$/.test(name);
}
