import type { LayerSpec } from "./layer-spec.ts";
import type { WalkRecord } from "./walk-record.ts";

/** Bytes of all records together: memory does not grow with the number of layers. */
const MOST_BYTES = 1 << 24;

/** What was found in layers that were measured and are still to be packed, each for one use. */
export class RecentWalks {
  readonly #records = new Map<LayerSpec, WalkRecord>();
  #bytes = 0;

  /** Keeps a record, unless there are too many. */
  put(spec: LayerSpec, record: WalkRecord): void {
    this.take(spec);
    if (this.#bytes + sizeOf(record) > MOST_BYTES) return;
    this.#records.set(spec, record);
    this.#bytes += sizeOf(record);
  }

  take(spec: LayerSpec): WalkRecord | undefined {
    const record = this.#records.get(spec);
    if (record === undefined) return undefined;
    this.#records.delete(spec);
    this.#bytes -= sizeOf(record);
    return record;
  }
}

function sizeOf({ bytes, extras }: WalkRecord): number {
  return extras.reduce((sum, { content }) => sum + (content?.length ?? 0), bytes.length);
}
