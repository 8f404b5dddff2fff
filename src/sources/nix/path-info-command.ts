import type { ComponentInput } from "../../closure/closure.ts";
import { sriOf } from "./hash.ts";
import { NIX_FEATURES, runNix } from "./nix-command.ts";
import { parsePathInfo } from "./path-info.ts";
import type { NixStore } from "./store.ts";

/** The closure as `nix path-info` tells it. */
export async function closureFromPathInfo(
  store: NixStore,
  roots: readonly string[],
): Promise<ComponentInput[]> {
  const text = await runNix(
    "nix",
    [...NIX_FEATURES, "path-info", "--json", "--recursive", ...store.commandOptions, ...roots],
    { what: "nix path-info", showMessages: false },
  );
  return parsePathInfo(JSON.parse(text), "nix path-info", store.storeDir);
}

/** The closure as `nix-store` tells it, for versions without the `nix` command. */
export async function closureFromNixStore(
  store: NixStore,
  roots: readonly string[],
): Promise<ComponentInput[]> {
  const query = async (...args: string[]): Promise<string[]> => {
    const options = { what: "nix-store --query", showMessages: false };
    const text = await runNix("nix-store", [...store.commandOptions, "--query", ...args], options);
    return text.split("\n").filter((line) => line !== "");
  };
  const paths = await query("--requisites", ...roots);
  const sizes = await query("--size", ...paths);
  const hashes = await query("--hash", ...paths);
  const components: ComponentInput[] = [];
  for (const [index, id] of paths.entries()) {
    components.push({
      id,
      references: await query("--references", id),
      size: Number(sizes[index]),
      contentHash: sriOf(hashes[index]!),
    });
  }
  return components;
}
