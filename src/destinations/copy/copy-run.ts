import type { BlobWay, ContentSource, ContentStore } from "../../image/content-store.ts";
import type { ReportProgress } from "../../progress/events.ts";
import type { ContentGraph } from "./content-graph.ts";

/** What became of a blob: `foreign` ones stay at their own place. */
export interface BlobOutcome {
  readonly way: BlobWay | "foreign";
  /** Bytes that went to the new place; undefined in a dry run. */
  readonly sent: number | undefined;
  readonly seconds: number;
}

/** What was copied, or would be. */
export interface CopiedContent {
  /** As it is called at the new place. */
  readonly name: string;
  readonly versions: readonly string[];
  readonly digest: string;
  readonly mediaType: string;
  /** All manifests and indexes, the copied one last. */
  readonly manifests: ReadonlyArray<{ readonly digest: string; readonly mediaType: string }>;
  readonly blobs: ReadonlyArray<{
    readonly digest: string;
    readonly mediaType: string;
    readonly size: number;
    readonly way: BlobWay | "foreign";
    readonly sent: number | undefined;
  }>;
  /** Bytes of all blobs. */
  readonly size: number;
  /** Bytes of blobs that went to the new place. */
  readonly written: number;
  readonly seconds: number;
  readonly dryRun: boolean;
}

/** A copy on its way: keeps count and time, and reports what happens. */
export class CopyRun {
  readonly #store: ContentStore;
  readonly #graph: ContentGraph;
  readonly #report: ReportProgress;
  readonly #outcomes = new Map<number, BlobOutcome>();
  readonly #begun = performance.now();
  #written = 0;

  constructor(
    source: ContentSource,
    store: ContentStore,
    graph: ContentGraph,
    report: ReportProgress,
  ) {
    this.#store = store;
    this.#graph = graph;
    this.#report = report;
    report({
      kind: "copying",
      from: source.fullName,
      to: store.fullName,
      manifests: graph.steps.flat().length,
      blobs: graph.blobs.length,
    });
  }

  readonly onSent = (bytes: number): void => {
    this.#written += bytes;
    this.#report({ kind: "bytes", written: this.#written });
  };

  /** Tells how much is about to be sent. */
  ahead(missing: ReadonlyArray<{ readonly size: number }>): void {
    const bytes = missing.reduce((sum, { size }) => sum + size, 0);
    if (bytes > 0) this.#report({ kind: "ahead", layers: missing.length, bytes });
  }

  /** Tells that so much of a blob has gone through. */
  moving(index: number, done: number): void {
    const { digest, size } = this.#graph.blobs[index]!;
    const of = this.#graph.blobs.length;
    this.#report({ kind: "moving", index, of, done, total: size, paths: [digest] });
  }

  blob(index: number, outcome: BlobOutcome): void {
    this.#outcomes.set(index, outcome);
    const { digest, mediaType, size } = this.#graph.blobs[index]!;
    const of = this.#graph.blobs.length;
    this.#report({ kind: "blob", index, of, digest, mediaType, size, ...outcome });
  }

  note(message: string): void {
    this.#report({ kind: "note", message });
  }

  /** Digests of the blobs that the new place was believed to have. */
  assumed(): string[] {
    return this.#graph.blobs.flatMap(({ digest }, index) => {
      const way = this.#outcomes.get(index)?.way;
      return way === "present" || way === "mounted" ? digest : [];
    });
  }

  finish(versions: readonly string[], dryRun: boolean): CopiedContent {
    const { root, steps, blobs } = this.#graph;
    const { digest, mediaType } = root.manifest;
    const copied: CopiedContent = {
      name: this.#store.fullName,
      versions,
      digest,
      mediaType,
      manifests: steps.flat().map(({ manifest }) => ({
        digest: manifest.digest,
        mediaType: manifest.mediaType,
      })),
      blobs: blobs.map((blob, index) => {
        const { way, sent } = this.#outcomes.get(index)!;
        return { digest: blob.digest, mediaType: blob.mediaType, size: blob.size, way, sent };
      }),
      size: blobs.reduce((sum, { size }) => sum + size, 0),
      written: this.#written,
      seconds: (performance.now() - this.#begun) / 1000,
      dryRun,
    };
    this.#report({
      kind: "copied",
      to: copied.name,
      digest,
      manifests: copied.manifests.length,
      blobs: blobs.length,
      sentBlobs: copied.blobs.filter(({ way }) => way === "sent").length,
      size: copied.size,
      written: copied.written,
      seconds: copied.seconds,
      dryRun,
    });
    return copied;
  }
}
