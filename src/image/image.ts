import type { Layer } from "./layer.ts";

/** The part of an image's config that says how it runs (OCI image-spec, config.md, `config`). */
export interface RuntimeConfig {
  readonly Env?: readonly string[] | null;
  readonly Cmd?: readonly string[] | null;
  readonly Entrypoint?: readonly string[] | null;
  readonly ExposedPorts?: Readonly<Record<string, unknown>> | null;
  readonly Volumes?: Readonly<Record<string, unknown>> | null;
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly StopSignal?: string;
}

/** A config and layers; manifest and digests follow from them. */
export interface Image {
  readonly architecture: string;
  readonly os: string;
  readonly runtime: RuntimeConfig;
  /** Bottom first. */
  readonly layers: readonly Layer[];
  /** Seconds since 1970 that members of an archive of it bear. */
  readonly archiveTime: number;
  /** What its manifest says beside its content (OCI image-spec, annotations.md). */
  readonly annotations?: Readonly<Record<string, string>>;
  /** The config's bytes, which name every layer's diffID: so this finds them all. */
  config(): Promise<Buffer>;
}
