import * as fs from "node:fs";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { closureOf, narInfosOf } from "../../../src/sources/nix/closure-of.ts";
import { NixStore } from "../../../src/sources/nix/store.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { failureOf } from "../../support/failures.ts";
import { makeStore, sriHash, storePath } from "./support/test-store.ts";
import type { TestPath } from "./support/test-store.ts";

const PATHS: readonly TestPath[] = [
  { name: "lib", narSize: 7 },
  { name: "app", references: ["lib", "app"] },
  { name: "unrelated" },
];

describe("the closure of store paths, where there is no Nix", () => {
  beforeEach(() => {
    vi.stubEnv("PATH", "/nonexistent");
    return () => {
      vi.unstubAllEnvs();
    };
  });

  it("is read from the database", async () => {
    const store = makeStore(temporaryFolder(), PATHS);
    const notices: string[] = [];
    const closure = await closureOf(store, [storePath("app")], (notice) => notices.push(notice));
    expect([...closure].map(({ id }) => id)).toEqual(
      [storePath("app"), storePath("lib")].toSorted(),
    );
    expect(closure.get(storePath("app")).references).toEqual([storePath("lib")]);
    expect(closure.get(storePath("lib"))).toMatchObject({ size: 7, contentHash: sriHash("lib") });
    expect(notices).toEqual([]);
  });

  it("names a path that is not in the store, and says what to do", async () => {
    const store = makeStore(temporaryFolder(), PATHS);
    fs.writeFileSync(store.locate(storePath("unbuilt")), "there, but not finished");
    const error = await failureOf(() => closureOf(store, [storePath("app"), storePath("unbuilt")]));
    expect(error).toMatchObject({
      code: "STORE_PATH_INVALID",
      message: `${storePath("unbuilt")} is not valid in the Nix store`,
      hint: expect.stringMatching(/nix build.*nix-store --realise.*--store-root/) as string,
    });
  });

  it("names a path that the store has lost", async () => {
    const store = makeStore(temporaryFolder(), PATHS);
    fs.rmSync(store.locate(storePath("lib")));
    const error = await failureOf(() => closureOf(store, [storePath("app")]));
    expect(error.code).toBe("STORE_PATH_MISSING");
    expect(error.message).toContain(
      `${storePath("lib")} is registered in the store, but not on disk (${store.root}/nix/store/`,
    );
  });

  it("takes a broken link in the store for what it is", async () => {
    const store = makeStore(temporaryFolder(), PATHS);
    fs.rmSync(store.locate(storePath("lib")));
    fs.symlinkSync("/nowhere", store.locate(storePath("lib")));
    expect((await closureOf(store, [storePath("app")])).count).toBe(2);
  });

  it("fails with every reason when nobody can be asked", async () => {
    const store = makeStore(temporaryFolder(), PATHS);
    fs.rmSync(store.databaseFile);
    const notices: string[] = [];
    const error = await failureOf(() =>
      closureOf(store, [storePath("app")], (notice) => notices.push(notice)),
    );
    const database = `there is no Nix database at ${store.databaseFile}`;
    expect(error).toMatchObject({
      code: "STORE_UNREADABLE",
      message: `the Nix store cannot be asked: ${database}; nix is not on the PATH; nix-store is not on the PATH`,
    });
    expect(notices).toEqual([
      `${database}; trying nix path-info`,
      "nix is not on the PATH; trying nix-store",
    ]);
  });

  it("is not looked for where there is no store", async () => {
    const store = new NixStore({ storeRoot: temporaryFolder() }, {});
    const error = await failureOf(() => closureOf(store, [storePath("app")]));
    expect(error.code).toBe("STORE_MISSING");
    expect(error.message).toContain(store.physicalDir);
  });
});

describe("what the database says of content", () => {
  it("is told of the paths it knows", async () => {
    const store = makeStore(temporaryFolder(), PATHS);
    const infos = await narInfosOf(store, [storePath("lib"), storePath("unbuilt")]);
    expect([...infos]).toEqual([[storePath("lib"), { narSize: 7, narHash: sriHash("lib") }]]);
  });

  it("is nothing where there is none", async () => {
    const store = new NixStore({ storeRoot: "/nonexistent" }, {});
    expect(await narInfosOf(store, [storePath("lib")])).toEqual(new Map());
  });
});
