import type { LayerDigest, LayerSpec } from "../layer-spec.ts";
import type { MeasuredLayer } from "../layer-tar.ts";
import type { WalkRecord } from "../walk-record.ts";

/** What a worker can be asked to do: name → what it takes and what it gives back. */
export interface Tasks {
  /** Finds the length of the layer's tar, without reading content. */
  measure: { input: { spec: LayerSpec }; output: MeasuredLayer };
  /** Makes the layer's tar and hashes it. */
  digest: { input: { spec: LayerSpec }; output: LayerDigest };
  /**
   * Makes the layer's tar and writes it to an open file descriptor of this process, if one is
   * given. Where a ring is given, another worker hashes or writes it meanwhile. Gives the tar's
   * length; undefined when the other worker has failed, which has the reason.
   */
  write: {
    input: Walked & { fd: number | undefined; ring: SharedArrayBuffer | undefined };
    output: number | undefined;
  };
  /** Hashes what another worker makes. Gives the digest in hexadecimal. */
  hash: { input: { ring: SharedArrayBuffer }; output: string };
  /** Writes what another worker makes to an open file descriptor of this process. */
  put: { input: { ring: SharedArrayBuffer; fd: number }; output: undefined };
  /** Makes the layer's tar, hashes it if asked, and passes it through a ring of shared memory. */
  stream: {
    input: Walked & { ring: SharedArrayBuffer; hashed: boolean };
    output: { diffId: string | undefined; size: number };
  };
}

/** A layer, and what `measure` has found in it, where that is still known. */
interface Walked {
  readonly spec: LayerSpec;
  readonly record: WalkRecord | undefined;
}

export type TaskName = keyof Tasks;

/** A request as it crosses to the worker; a worker has one at a time. */
export type Request = {
  [Name in TaskName]: { readonly task: Name; readonly input: Tasks[Name]["input"] };
}[TaskName];

/** An error as plain data. */
export interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly stack: string | undefined;
}

export type Response =
  | { readonly output: unknown }
  | { readonly chunk: true }
  | { readonly error: PlainError };
