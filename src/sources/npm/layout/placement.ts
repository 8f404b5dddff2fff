/** A symlink in the project: where, and to which place. Both relative to the project's root. */
export interface PlacedLink {
  readonly at: string;
  readonly to: string;
}

/** A package of the lock at its place in the image. One package may have several places. */
export interface Placement {
  /** Relative to the project's root: `node_modules/fastify`; a folder of the project's own; `""`. */
  readonly place: string;
  /** Of the lock. */
  readonly key: string;
  /** Places that it refers to, by the names it requires them by. */
  readonly references: ReadonlyMap<string, string>;
  /** Symlinks that come and go with it. */
  readonly links: readonly PlacedLink[];
}
