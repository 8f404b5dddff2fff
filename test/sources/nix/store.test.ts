import path from "node:path";
import { describe, expect, it } from "vitest";
import { NixStore } from "../../../src/sources/nix/store.ts";

const PATH = "/nix/store/7rjqb838snvvxcmpvck1smfxhkwzqal5-hello";

describe("a Nix store", () => {
  it("is the machine's own by default", () => {
    const store = new NixStore({}, {});
    expect(store).toMatchObject({
      storeDir: "/nix/store",
      physicalDir: "/nix/store",
      databaseFile: "/nix/var/nix/db/db.sqlite",
      root: undefined,
      commandOptions: [],
    });
    expect(store.locate(PATH)).toBe(PATH);
  });

  it("lies under a root as with nix --store DIR", () => {
    const store = new NixStore({ storeRoot: "some/where" }, { NIX_STATE_DIR: "/elsewhere" });
    const root = path.resolve("some/where");
    expect(store.databaseFile).toBe(`${root}/nix/var/nix/db/db.sqlite`);
    expect(store.commandOptions).toEqual(["--store", root]);
    expect(store.locate(`${PATH}/bin`)).toBe(`${root}${PATH}/bin`);
    expect(store.locate("/nix/store")).toBe(`${root}/nix/store`);
    expect(store.locate("/etc/passwd")).toBe("/etc/passwd");
  });

  it("keeps its content in nix/store under a root, whatever its paths are called", () => {
    const store = new NixStore({ storeRoot: "/mnt", storeDir: "/my/store" }, {});
    expect(store.locate("/my/store/x/y")).toBe("/mnt/nix/store/x/y");
  });

  it("is where the environment says", () => {
    const env = { NIX_STORE_DIR: "/my/store/", NIX_STATE_DIR: "/my/var" };
    expect(new NixStore({}, env)).toMatchObject({
      storeDir: "/my/store",
      physicalDir: "/my/store",
      databaseFile: "/my/var/db/db.sqlite",
    });
    expect(new NixStore({}, { NIX_STORE_DIR: "", NIX_STATE_DIR: "" }).storeDir).toBe("/nix/store");
    expect(new NixStore({ storeDir: "/given" }, env).storeDir).toBe("/given");
  });

  it.each([
    ["/mnt", "/mnt"],
    ["local?root=/mnt", "/mnt"],
    ["local?root=/m%20t&log=/x", "/m t"],
    ["daemon", undefined],
    ["", undefined],
    ["ssh://host", undefined],
    ["local?log=/x", undefined],
  ])("NIX_REMOTE=%s: root %s", (remote, root) => {
    expect(new NixStore({}, { NIX_REMOTE: remote }).root).toBe(root);
    expect(new NixStore({ storeRoot: "/given" }, { NIX_REMOTE: remote }).root).toBe("/given");
  });
});
