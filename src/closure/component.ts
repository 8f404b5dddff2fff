/**
 * An immutable unit of content that goes into an image whole: a Nix store path, later also an npm
 * package at its place in `node_modules`, a Debian package, a folder of the user's.
 */
export interface Component {
  /** Identity within a closure. For the `nix` source this is the store path. */
  readonly id: string;
  /** Ids of the components this one refers to: sorted, each once, never its own id. */
  readonly references: readonly string[];
  /** Size of the content in bytes. For a store path: the size of its NAR (narSize). */
  readonly size: number;
  /** Hash of the content in SRI form (`sha256-…`), when the source knows it. For a store path: narHash. */
  readonly contentHash?: string;
}
