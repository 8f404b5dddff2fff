/** What is happening, as it happens. Plain data: `--progress json` prints it as it is. */
export type ProgressEvent =
  | {
      readonly kind: "started";
      /** `name:tag`, or empty. */
      readonly image: string;
      readonly layers: number;
    }
  | {
      readonly kind: "layer";
      /** From 0, bottom first. */
      readonly index: number;
      readonly of: number;
      readonly diffId: string;
      /** Bytes of its uncompressed tar. */
      readonly size: number;
      /** Whether its digest was known without reading its content. */
      readonly remembered: boolean;
      readonly paths: readonly string[];
      readonly reason: string;
    }
  | {
      readonly kind: "bytes";
      /** Bytes written to the destination so far. */
      readonly written: number;
    }
  | { readonly kind: "note"; readonly message: string }
  | {
      readonly kind: "finished";
      readonly image: string;
      readonly imageId: string;
      readonly layers: number;
      /** Bytes of all layers, uncompressed. */
      readonly size: number;
      /** Bytes that went to the destination. */
      readonly written: number;
      readonly seconds: number;
    };

/** Takes events; must not throw. */
export type ReportProgress = (event: ProgressEvent) => void;
