/** The systems that a package says it runs on, as its `package.json` puts it; absent: all. */
export interface PlatformRules {
  readonly os?: readonly string[] | undefined;
  readonly cpu?: readonly string[] | undefined;
  readonly libc?: readonly string[] | undefined;
}

/** A dependency as the lockfile resolved it. */
export interface LockedEdge {
  /** Key of the package that it resolves to. */
  readonly to: string;
  /** Whether the image works without it, as where it does not exist for the platform. */
  readonly optional: boolean;
}

/** A package, or a folder of the project's own, as a lockfile pins it. */
export interface LockedPackage {
  /** Unique in its lock: a place (npm), a folder of the project, or the lockfile's own name for it. */
  readonly key: string;
  /** Its own name, whatever it is called where it is depended upon. */
  readonly name: string;
  readonly version: string;
  /** Integrity of the published tarball in SRI form. */
  readonly integrity?: string | undefined;
  /** What else identifies the content where the lockfile has no integrity of the tarball. */
  readonly checksum?: string | undefined;
  /** Where it comes from, when that is no registry. */
  readonly resolved?: string | undefined;
  /** Production dependencies by the names they are required by. */
  readonly dependencies: ReadonlyMap<string, LockedEdge>;
  /** Undefined where the lockfile is silent. */
  readonly platform: PlatformRules | undefined;
  /** Whether installing it runs a script that may make files; undefined where the lockfile is silent. */
  readonly hasInstallScript?: boolean | undefined;
  /** Whether its content was changed by a patch of the project's. */
  readonly patched?: boolean | undefined;
  /** Commands by their names; undefined where the lockfile is silent. */
  readonly bin?: Readonly<Record<string, string>> | undefined;
  /** Key of the package whose tarball brings this one along. */
  readonly bundledIn?: string | undefined;
}

/** Lists of a manifest; where a name is in several, the last one counts. */
export const DEPENDENCY_LISTS = [
  "devDependencies",
  "dependencies",
  "optionalDependencies",
] as const;
export type DependencyList = (typeof DEPENDENCY_LISTS)[number];

/** A dependency of a folder of the project's, as the lockfile repeats it from its manifest. */
export interface RecordedDependency {
  /** Undefined where the lockfile does not tell, or something else than the manifest decides. */
  readonly range: string | undefined;
  /** Undefined where the lockfile does not tell. */
  readonly list: DependencyList | undefined;
  /** What it was resolved to; needed where another range may be met by it. */
  readonly to?: Pick<LockedPackage, "name" | "version"> | undefined;
}

/** How packages lie in `node_modules`. */
export type LayoutKind = "placed" | "isolated" | "hoisted";

/** A lockfile, whichever program wrote it. */
export interface Lock {
  readonly manager: "npm" | "pnpm" | "yarn";
  /** The lockfile. */
  readonly file: string;
  /** The folder it lies in; places and folders are relative to it. */
  readonly root: string;
  readonly layout: LayoutKind;
  readonly packages: ReadonlyMap<string, LockedPackage>;
  /** Keys of the folders that are the project's own: the root (`""`) and its workspaces. */
  readonly folders: readonly string[];
  /** What the lockfile repeats of the manifests of `folders`, by names; none where it repeats nothing. */
  readonly recorded: ReadonlyMap<string, ReadonlyMap<string, RecordedDependency>>;
  /** Symlinks to the project's own folders that the lockfile knows: place → folder. */
  readonly links: ReadonlyMap<string, string>;
}
