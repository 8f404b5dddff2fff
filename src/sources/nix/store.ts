import path from "node:path";
import { DEFAULT_STORE_DIR } from "./store-path.ts";

export interface StoreOptions {
  /** The store lies under this folder, as with `nix --store DIR`. */
  readonly storeRoot?: string | undefined;
  /** The folder that store paths begin with; by default the environment's, else `/nix/store`. */
  readonly storeDir?: string | undefined;
}

/**
 * A Nix store on this machine: what its paths are called, and where they and its database lie.
 * Names are logical (`/nix/store/…`) whatever folder the store has been put under.
 */
export class NixStore {
  /** The folder that store paths begin with. */
  readonly storeDir: string;
  /** The folder the store has been put under, absolute; undefined for the machine's own store. */
  readonly root: string | undefined;
  /** Where the content of `storeDir` lies. */
  readonly physicalDir: string;
  /** Where the database is, if there is one. */
  readonly databaseFile: string;

  /** @param env `NIX_STORE_DIR`, `NIX_STATE_DIR` and `NIX_REMOTE` are heeded, as Nix does. */
  constructor(options: StoreOptions = {}, env: NodeJS.ProcessEnv = process.env) {
    const root = options.storeRoot ?? rootOf(env["NIX_REMOTE"]);
    this.root = root === undefined ? undefined : path.resolve(root);
    this.storeDir = path.resolve(
      options.storeDir ?? firstSet(env["NIX_STORE_DIR"], env["NIX_STORE"]) ?? DEFAULT_STORE_DIR,
    );
    const stateDir = firstSet(env["NIX_STATE_DIR"]) ?? "/nix/var/nix";
    // Under a root Nix always uses the same two folders, whatever the environment says.
    const under = this.root === undefined ? undefined : path.join(this.root, "nix");
    this.physicalDir = under === undefined ? this.storeDir : path.join(under, "store");
    this.databaseFile = path.join(
      under === undefined ? stateDir : path.join(under, "var/nix"),
      "db/db.sqlite",
    );
  }

  /** Where a path of the store lies on this machine; other paths lie where they say. */
  readonly locate = (logical: string): string =>
    logical === this.storeDir || logical.startsWith(`${this.storeDir}/`)
      ? this.physicalDir + logical.slice(this.storeDir.length)
      : logical;

  /** Options that make a Nix command use this store. */
  get commandOptions(): readonly string[] {
    return this.root === undefined ? [] : ["--store", this.root];
  }
}

/** The folder that a `NIX_REMOTE` such as `/mnt` or `local?root=/mnt` names. */
function rootOf(remote: string | undefined): string | undefined {
  if (remote === undefined) return undefined;
  if (remote.startsWith("/")) return remote;
  const query = /^local(?::\/\/)?\?(.*)$/s.exec(remote)?.[1];
  return query === undefined ? undefined : (new URLSearchParams(query).get("root") ?? undefined);
}

/** A variable that is empty counts as not set. */
function firstSet(...values: readonly (string | undefined)[]): string | undefined {
  return values.find((value) => value !== undefined && value !== "");
}
