import type { GeneratedEntry, Tree } from "../../packing/layer-spec.ts";

/** What a component puts into the image; `Tree` and `GeneratedEntry` are packing's. */
export interface NpmContent {
  readonly trees: readonly Tree[];
  readonly entries: readonly GeneratedEntry[];
}

/** What a component is: somebody else's package, a workspace of the project, the application. */
export type NpmComponentKind = "package" | "workspace" | "application";

/** A component before cycles are gone: references are places. */
export interface ComponentDraft {
  readonly id: string;
  readonly place: string;
  readonly kind: NpmComponentKind;
  readonly references: readonly string[];
  readonly size: number;
  readonly contentHash: string;
  readonly content: NpmContent;
}
