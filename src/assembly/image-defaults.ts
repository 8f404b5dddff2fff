/** What a recipe's contents say of an image, where the recipe itself says nothing. */
export interface ImageDefaults {
  /** Repository name. */
  readonly name?: string | undefined;
  readonly entrypoint?: readonly string[] | undefined;
  readonly cmd?: readonly string[] | undefined;
  /** `NAME=VALUE`. */
  readonly env?: readonly string[] | undefined;
  readonly user?: string | undefined;
  readonly workingDir?: string | undefined;
  /** Folders that begin the image's PATH. */
  readonly programFolders?: readonly string[] | undefined;
  /** Whether there are programs where programs usually are, `/usr/bin` and the like. */
  readonly hasUsualPrograms?: boolean | undefined;
}

/** The defaults of several sources: of each thing, what the first says that says anything. */
export function joinDefaults(all: readonly ImageDefaults[]): ImageDefaults {
  const first = <Key extends keyof ImageDefaults>(key: Key): ImageDefaults[Key] =>
    all.find((defaults) => defaults[key] !== undefined)?.[key];
  return {
    name: first("name"),
    entrypoint: first("entrypoint"),
    cmd: first("cmd"),
    env: all.flatMap(({ env = [] }) => env),
    user: first("user"),
    workingDir: first("workingDir"),
    programFolders: all.flatMap(({ programFolders = [] }) => programFolders),
    hasUsualPrograms: all.some(({ hasUsualPrograms }) => hasUsualPrograms === true),
  };
}
