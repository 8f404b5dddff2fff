import { VarveError } from "../errors.ts";
import type { DigestStore } from "./digest-store.ts";
import type { LayerDigest, LayerSpec } from "./layer-spec.ts";
import { createRing, RingReader } from "./workers/ring.ts";
import type { WorkerPool } from "./workers/pool.ts";

export interface PackerOptions {
  readonly pool: WorkerPool;
  /** Where digests are remembered; none means they are made anew each time. */
  readonly digests?: DigestStore | undefined;
  /** Do not believe remembered digests (they are still written). */
  readonly ignoreRemembered?: boolean;
}

/** A digest, and whether it was known without reading the content. */
export interface PackedDigest extends LayerDigest {
  readonly remembered: boolean;
}

/** Makes the bytes of layers, and their digests, on worker threads. */
export class Packer {
  readonly #pool: WorkerPool;
  readonly #digests: DigestStore | undefined;
  readonly #ignoreRemembered: boolean;

  constructor(options: PackerOptions) {
    this.#pool = options.pool;
    this.#digests = options.digests;
    this.#ignoreRemembered = options.ignoreRemembered ?? false;
  }

  /** The layer's diffID and size: remembered under its content key, or found by packing it. */
  async digest(spec: LayerSpec, contentKey: string | undefined): Promise<PackedDigest> {
    if (contentKey !== undefined && !this.#ignoreRemembered) {
      const known = this.#digests?.get(contentKey);
      if (known !== undefined) return { ...known, remembered: true };
    }
    const digest = await this.#pool.run("digest", { spec });
    if (contentKey !== undefined) this.#digests?.put(contentKey, digest);
    return { ...digest, remembered: false };
  }

  /** Writes the layer's tar to a file descriptor, from the worker itself. */
  async writeTo(fd: number, spec: LayerSpec, size: number): Promise<void> {
    refuseOtherSize(await this.#pool.run("write", { spec, fd }, { urgent: true }), size);
  }

  /** The layer's tar as a stream of chunks; not faster than it is consumed. */
  async *stream(spec: LayerSpec, size: number): AsyncGenerator<Uint8Array, void, undefined> {
    const ring = createRing();
    const reader = new RingReader(ring);
    let announced = 0;
    let wake: (() => void) | undefined;
    let ended = false;
    const onChunk = (): void => {
      announced += 1;
      wake?.();
    };
    const finished = this.#pool
      .run("stream", { spec, ring }, { urgent: true, onChunk })
      .finally(() => {
        ended = true;
        wake?.();
      });
    finished.catch(() => undefined);
    try {
      for (;;) {
        while (announced > 0) {
          announced -= 1;
          yield reader.take();
        }
        if (ended) break;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      refuseOtherSize(await finished, size);
    } finally {
      if (!ended) {
        reader.cancel();
        await finished.catch(() => undefined);
      }
    }
  }
}

function refuseOtherSize(written: number, promised: number): void {
  if (written === promised) return;
  throw new VarveError(
    "PACK_CHANGED",
    `a layer came out ${written} bytes long where ${promised} were promised: its content changed`,
    { hint: "run again with --no-cache when nothing writes to the store" },
  );
}
