import path from "node:path";

export interface StoreOptions {
  /** The store lies under this folder, as with `nix --store DIR`. */
  readonly storeRoot?: string | undefined;
  /** The logical store folder; `NIX_STORE_DIR` or `/nix/store` if absent. */
  readonly storeDir?: string | undefined;
}

/** A Nix store on this machine: where its paths lie and where its database is. */
export class NixStore {
  /** As it stands in store paths: `/nix/store`. */
  readonly storeDir: string;
  readonly root: string | undefined;
  readonly databaseFile: string;

  constructor(options: StoreOptions = {}, env: NodeJS.ProcessEnv = process.env) {
    this.root = options.storeRoot === undefined ? undefined : path.resolve(options.storeRoot);
    const local = this.root === undefined;
    this.storeDir = options.storeDir ?? ((local && env["NIX_STORE_DIR"]) || "/nix/store");
    const stateDir = (local && env["NIX_STATE_DIR"]) || "/nix/var/nix";
    this.databaseFile = this.locate(path.join(stateDir, "db/db.sqlite"));
  }

  /** Where a logical path lies on this machine. */
  locate(logical: string): string {
    return this.root === undefined ? logical : path.join(this.root, logical);
  }

  /** Options that make a `nix` command use this store. */
  get commandOptions(): string[] {
    return this.root === undefined ? [] : ["--store", this.root];
  }
}
