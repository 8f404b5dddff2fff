import type { InstallableOptions } from "../../sources/nix/installable.ts";
import type { StoreOptions } from "../../sources/nix/store.ts";
import type { Announcer } from "../announcer.ts";

/** How Nix is reached. Its part is loaded for the first who asks: most images know nothing of Nix. */
export function nixAccess(
  options: StoreOptions,
  nixArgs: readonly string[],
  announcer: Announcer,
): () => Promise<InstallableOptions> {
  let access: Promise<InstallableOptions> | undefined;
  const open = async (): Promise<InstallableOptions> => {
    const { NixStore } = await import("../../sources/nix/store.ts");
    return { store: new NixStore(options), nixArgs, ...announcer.nixMessages };
  };
  return () => (access ??= open());
}
