import * as fs from "node:fs";
import path from "node:path";
import { expect, it, vi } from "vitest";
import { PackageStore } from "../../../src/sources/npm/content/package-store.ts";
import { NpmRegistry } from "../../../src/sources/npm/registry/npm-registry.ts";
import { failureOf } from "../../support/failures.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { tarballOf } from "./support/tarball.ts";

it("says where packages cannot be unpacked, and what to set", async () => {
  const file = path.join(temporaryFolder(), "file");
  fs.writeFileSync(file, "");
  const registry = new NpmRegistry(temporaryFolder());
  vi.spyOn(registry, "tarball").mockResolvedValue(tarballOf([{ name: "package/a.js" }]));
  const store = new PackageStore(path.join(file, "cache"), registry);
  const failure = await failureOf(store.folderOf({ name: "a", version: "1.0.0", integrity: "x" }));
  expect(failure).toMatchObject({ code: "CACHE_UNWRITABLE" });
  expect(failure.message).toContain(path.join(file, "cache"));
  expect(failure.hint).toContain("XDG_CACHE_HOME");
});
