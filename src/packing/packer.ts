import { VarveError } from "../errors.ts";
import type { StreamOptions } from "../image/layer.ts";
import { displayText } from "../tar/byte-string.ts";
import type { DigestStore } from "./digest-store.ts";
import type { LayerDigest, LayerSpec } from "./layer-spec.ts";
import { RecentWalks } from "./recent-walks.ts";
import { createHashRing } from "./workers/hash-ring.ts";
import { createRing, RingReader } from "./workers/ring.ts";
import type { WorkerPool } from "./workers/pool.ts";

export interface PackerOptions {
  readonly pool: WorkerPool;
  /** Workers that find lengths, beside those that are busy with content; `pool` if absent. */
  readonly measuringPool?: WorkerPool | undefined;
  /** Where digests are remembered; none means they are made anew each time. */
  readonly digests?: DigestStore | undefined;
  /** Do not believe remembered digests (they are still written). */
  readonly ignoreRemembered?: boolean;
}

/** Makes the bytes of layers, and their digests, on worker threads. */
export class Packer {
  readonly #pool: WorkerPool;
  readonly #measuringPool: WorkerPool;
  readonly #digests: DigestStore | undefined;
  readonly #ignoreRemembered: boolean;
  /** What was found when lengths were. */
  readonly #walks = new RecentWalks();
  /** Settled when no pair of workers is at work. */
  #pair: Promise<void> = Promise.resolve();
  /** Between the pair: made once, since fresh memory costs as much as hashing. */
  #ring: SharedArrayBuffer | undefined;

  constructor(options: PackerOptions) {
    this.#pool = options.pool;
    this.#measuringPool = options.measuringPool ?? options.pool;
    this.#digests = options.digests;
    this.#ignoreRemembered = options.ignoreRemembered ?? false;
  }

  /** Whether digests that somebody has found before count. */
  get believes(): boolean {
    return !this.#ignoreRemembered;
  }

  /** What is remembered of a layer with this content key. */
  remembered(contentKey: string | undefined): LayerDigest | undefined {
    if (contentKey === undefined || this.#ignoreRemembered) return undefined;
    return this.#digests?.get(contentKey);
  }

  /** Remembers a digest for the next time. */
  remember(contentKey: string | undefined, digest: LayerDigest): void {
    if (contentKey !== undefined) this.#digests?.put(contentKey, digest);
  }

  /** The layer's diffID and size, found by packing it into nothing. */
  digest(spec: LayerSpec): Promise<LayerDigest> {
    return this.#pool.run("digest", { spec });
  }

  /** The length of the layer's tar, found without reading content. */
  async measure(spec: LayerSpec): Promise<number> {
    const { size, record } = await this.#measuringPool.run("measure", { spec });
    if (record !== undefined) this.#walks.put(spec, record);
    return size;
  }

  /** Writes the layer's tar to a file descriptor, from the worker itself. */
  async write(spec: LayerSpec, fd: number, size: number): Promise<void> {
    const record = this.#walks.take(spec);
    const input = { spec, record, fd, ring: undefined };
    const written = await this.#pool.run("write", input, { urgent: true });
    refuseOtherSize(spec, written, size);
  }

  /**
   * The same, and finds the diffID of what it writes. One worker writes and another hashes, one
   * pair at a time, since two pairs could each wait for the other's worker.
   */
  async writeAndHash(spec: LayerSpec, fd: number, size: number): Promise<LayerDigest> {
    if (this.#pool.parallelism < 2) {
      const digest = await this.digest(spec);
      await this.write(spec, fd, size);
      return digest;
    }
    const before = this.#pair;
    const pair = before.then(() => this.#writeInPair(spec, fd));
    this.#pair = pair.then(
      () => undefined,
      () => undefined,
    );
    const { hex, written } = await pair;
    refuseOtherSize(spec, written, size);
    return { diffId: `sha256:${hex}`, size };
  }

  async #writeInPair(spec: LayerSpec, fd: number): Promise<{ hex: string; written: number }> {
    const ring = this.#ring ?? createHashRing();
    const record = this.#walks.take(spec);
    // After a failure the other worker may still be at it: the next pair gets a ring of its own.
    this.#ring = undefined;
    const [hex, written] = await Promise.all([
      this.#pool.run("hash", { ring }, { urgent: true }),
      this.#pool.run("write", { spec, record, fd, ring }, { urgent: true }),
    ]);
    this.#ring = ring;
    return { hex, written };
  }

  /**
   * The layer's tar as a stream of chunks; not faster than it is consumed.
   *
   * @param onDigest told the diffID of what was streamed, if it is wanted
   */
  async *stream(
    spec: LayerSpec,
    size: number,
    onDigest?: (digest: LayerDigest) => void,
    { lent = false }: StreamOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const ring = createRing();
    const reader = new RingReader(ring);
    let announced = 0;
    let wake: (() => void) | undefined;
    let ended = false;
    const onChunk = (): void => {
      announced += 1;
      wake?.();
    };
    const input = { spec, record: this.#walks.take(spec), ring, hashed: onDigest !== undefined };
    const finished = this.#pool.run("stream", input, { urgent: true, onChunk }).finally(() => {
      ended = true;
      wake?.();
    });
    finished.catch(() => undefined);
    try {
      for (;;) {
        while (announced > 0) {
          announced -= 1;
          if (lent) {
            yield reader.look();
            reader.free();
          } else yield reader.take();
        }
        if (ended) break;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const { diffId, size: streamed } = await finished;
      refuseOtherSize(spec, streamed, size);
      if (diffId !== undefined) onDigest?.({ diffId, size });
    } finally {
      if (!ended) {
        reader.cancel();
        await finished.catch(() => undefined);
      }
    }
  }
}

function refuseOtherSize(spec: LayerSpec, written: number, promised: number): void {
  if (written === promised) return;
  const paths = spec.trees.map(({ from }) => displayText(from)).join(", ") || "generated files";
  throw new VarveError(
    "PACK_CHANGED",
    `the layer of ${paths} came out ${written} bytes long where ${promised} were promised: its content changed`,
    { hint: "run again with --no-cache when nothing writes there" },
  );
}
