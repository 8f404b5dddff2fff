import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { mainProgramOf } from "../../../src/sources/nix/main-program.ts";
import { NixStore } from "../../../src/sources/nix/store.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { storePath } from "./support/test-store.ts";

/** A store under a root with one store path: its files, `*` after a name for an executable one. */
function withFiles(name: string, files: readonly string[]): NixStore {
  const store = new NixStore({ storeRoot: temporaryFolder() }, {});
  for (const file of files) {
    const place = path.join(store.locate(storePath(name)), file.replace("*", ""));
    fs.mkdirSync(path.dirname(place), { recursive: true });
    fs.writeFileSync(place, "#!/bin/sh\n", { mode: file.endsWith("*") ? 0o555 : 0o444 });
  }
  return store;
}

describe("the main program of a store path", () => {
  it.each([
    ["hello-2.12", ["bin/hello*", "bin/other*"], "bin/hello"],
    ["redis-7.2.4", ["bin/redis-server*"], "bin/redis-server"],
    ["redis-7.2.4", ["bin/.redis-server-wrapped*", "bin/redis-server*"], "bin/redis-server"],
    ["redis-7.2.4", ["bin/redis-server*", "bin/README"], "bin/redis-server"],
    ["redis-7.2.4", ["bin/redis-server*", "bin/redis-cli*"], undefined],
    ["hello-2.12", ["bin/hello", "bin/a*", "bin/b*"], undefined],
    ["hello-2.12", ["lib/hello*"], undefined],
  ])("%s with %j: %s", (name, files, expected) => {
    const program = mainProgramOf(storePath(name), withFiles(name, files));
    expect(program).toBe(expected === undefined ? undefined : `${storePath(name)}/${expected}`);
  });

  it("is the one that is said to be it, if it is there", () => {
    const files = ["bin/redis-server*", "bin/redis-cli*", "bin/redis*"];
    const store = withFiles("redis-7.2.4", files);
    const redis = storePath("redis-7.2.4");
    expect(mainProgramOf(redis, store, "redis-cli")).toBe(`${redis}/bin/redis-cli`);
    expect(mainProgramOf(redis, store, "gone")).toBe(`${redis}/bin/redis`);
    expect(mainProgramOf(redis, store)).toBe(`${redis}/bin/redis`);
  });

  it("is the store path itself if that is a program", () => {
    const store = withFiles("stream-image", ["*"]);
    expect(mainProgramOf(storePath("stream-image"), store)).toBe(storePath("stream-image"));
  });

  it("is found through links to other store paths, which exist under the root only", () => {
    const store = withFiles("hello-2.12", ["bin/hello*", "bin/other*"]);
    const joined = store.locate(storePath("joined"));
    fs.mkdirSync(joined);
    fs.symlinkSync(`${storePath("hello-2.12")}/bin`, path.join(joined, "bin"));
    expect(mainProgramOf(storePath("joined"), store)).toBe(undefined);

    const single = store.locate(storePath("single"));
    fs.mkdirSync(path.join(single, "bin"), { recursive: true });
    fs.symlinkSync(`${storePath("joined")}/bin/hello`, path.join(single, "bin/run"));
    fs.symlinkSync(`${storePath("joined")}/bin/gone`, path.join(single, "bin/gone"));
    expect(mainProgramOf(storePath("single"), store)).toBe(`${storePath("single")}/bin/run`);
  });
});
