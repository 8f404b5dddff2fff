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
  | {
      /** So much more is to go through: bytes of layers, uncompressed. May come more than once. */
      readonly kind: "ahead";
      readonly layers: number;
      readonly bytes: number;
    }
  | {
      /** A layer or blob is under way. May begin again after a failure. */
      readonly kind: "moving";
      readonly index: number;
      readonly of: number;
      /** Bytes of it that have gone through. */
      readonly done: number;
      /** Undefined when nobody knows. */
      readonly total: number | undefined;
      readonly paths: readonly string[];
    }
  | {
      /** A layer is where it is wanted, in a registry. */
      readonly kind: "placed";
      readonly index: number;
      readonly of: number;
      /** Undefined in a dry run, for a layer that would have to be packed. */
      readonly diffId: string | undefined;
      /** Bytes of its uncompressed tar. */
      readonly size: number;
      /** Whether it was there, was taken over from another repository, or was sent. */
      readonly way: "present" | "mounted" | "sent";
      /** Bytes that went over the network for it; undefined in a dry run. */
      readonly sent: number | undefined;
      readonly seconds: number;
      readonly paths: readonly string[];
    }
  | {
      readonly kind: "pushed";
      readonly image: string;
      readonly layers: number;
      /** How many of them went over the network, or would. */
      readonly sentLayers: number;
      /** Bytes of all layers, uncompressed. */
      readonly size: number;
      /** Bytes that went over the network. */
      readonly written: number;
      readonly seconds: number;
      readonly dryRun: boolean;
    }
  | {
      /** An image, an index or an artifact is copied from place to place as it is. */
      readonly kind: "copying";
      readonly from: string;
      readonly to: string;
      /** Manifests and indexes. */
      readonly manifests: number;
      readonly blobs: number;
    }
  | {
      /** A blob is where it is wanted. */
      readonly kind: "blob";
      readonly index: number;
      readonly of: number;
      readonly digest: string;
      readonly mediaType: string;
      /** Bytes, as it is kept. */
      readonly size: number;
      /** `foreign`: it stays at the URLs that its descriptor names. */
      readonly way: "present" | "mounted" | "sent" | "foreign";
      /** Bytes that went to the new place; undefined in a dry run. */
      readonly sent: number | undefined;
      readonly seconds: number;
    }
  | {
      readonly kind: "copied";
      readonly to: string;
      readonly digest: string;
      readonly manifests: number;
      readonly blobs: number;
      /** How many of them were sent, or would be. */
      readonly sentBlobs: number;
      /** Bytes of all blobs. */
      readonly size: number;
      readonly written: number;
      readonly seconds: number;
      readonly dryRun: boolean;
    }
  | {
      /** A layer of an image has been looked at where it is. */
      readonly kind: "checked";
      readonly index: number;
      readonly of: number;
      readonly digest: string;
      /** Bytes, as it is kept. */
      readonly size: number;
      readonly isRight: boolean;
      readonly seconds: number;
    }
  | {
      /** A layer has been made anew and compared to one that exists. */
      readonly kind: "compared";
      readonly index: number;
      readonly of: number;
      /** Undefined where there was none before. */
      readonly diffId: string | undefined;
      readonly same: boolean;
      readonly paths: readonly string[];
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
      /** Who had them, for the wording: an engine when absent. */
      readonly knownTo?: "layout";
      /** Why everything was sent after what the destination lacked had not been enough. */
      readonly secondTry?: string;
    };

/** Takes events; must not throw. */
export type ReportProgress = (event: ProgressEvent) => void;
