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
      /** Whether its bytes went to the destination; otherwise the destination had them. */
      readonly sent: boolean;
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
      /** Layers that the destination had already, where it is asked. */
      readonly known?: number;
      /** Why everything was sent after what the destination lacked had not been enough. */
      readonly secondTry?: string;
    };

/** Takes events; must not throw. */
export type ReportProgress = (event: ProgressEvent) => void;
