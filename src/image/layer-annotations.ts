import type { Descriptor } from "./descriptor.ts";

/**
 * What a manifest says about its layers beyond the OCI image-spec: so that another machine learns
 * which layer it needs is which blob, without making or reading the layer
 * (reference: reproducibility, section 2).
 */
const KEY = "dev.varve.layer.key";
const DIFF_ID = "dev.varve.layer.diff-id";
const SIZE = "dev.varve.layer.size";
const CODEC = "dev.varve.layer.codec";

export interface LayerFacts {
  /** The layer's content key; undefined when what it is made of has no known hashes. */
  readonly contentKey: string | undefined;
  readonly diffId: string;
  /** Bytes, uncompressed. */
  readonly size: number;
  /** What compressed it: see `codecId`. */
  readonly codec: string | undefined;
}

export function annotationsOf(facts: LayerFacts): Record<string, string> {
  const { contentKey, diffId, size, codec } = facts;
  return {
    ...(contentKey === undefined ? {} : { [KEY]: contentKey }),
    [DIFF_ID]: diffId,
    [SIZE]: String(size),
    ...(codec === undefined ? {} : { [CODEC]: codec }),
  };
}

/** What a layer's annotations say; undefined when they say nothing, or nothing that makes sense. */
export function factsFrom({ annotations }: Descriptor): LayerFacts | undefined {
  const diffId = annotations?.[DIFF_ID];
  const size = annotations?.[SIZE];
  if (diffId === undefined || !/^sha256:[0-9a-f]{64}$/.test(diffId)) return undefined;
  if (size === undefined || !/^\d{1,15}$/.test(size)) return undefined;
  return {
    contentKey: annotations?.[KEY],
    diffId,
    size: Number(size),
    codec: annotations?.[CODEC],
  };
}
