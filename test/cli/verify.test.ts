import * as fs from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { APP, appStore, DATA } from "./support/app-store.ts";
import type { AppStore } from "./support/app-store.ts";
import { runHere } from "./support/run-here.ts";

beforeEach(() => {
  vi.stubEnv("VARVE_CACHE_DIR", "/dev/null/varve-cache");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

async function built(store: AppStore, name: string): Promise<string> {
  const archive = path.join(store.root, name);
  const args = ["build", "-o", archive, APP, DATA, "-t", "app:1", ...store.options];
  expect(await runHere(...args)).toMatchObject({ status: 0 });
  return archive;
}

describe("varve verify", () => {
  it("reads an archive through, and proves it by its sources", async () => {
    const store = appStore();
    const archive = await built(store, "image.tar.gz");
    const whole = await runHere("verify", archive, "--quiet");
    expect(whole).toMatchObject({ status: 0, stderr: "" });
    expect(whole.stdout).toMatch(/ is whole: 3 layers read and right, [\d.]+ kB\n$/);
    const proven = await runHere("verify", archive, APP, DATA, ...store.options);
    expect(proven).toMatchObject({ status: 0, stderr: "" });
    expect(proven.stdout).toMatch(/its sources give the same image: sha256:[0-9a-f]{64}\n$/);
  });

  it("tells the file and the field in which sources differ", async () => {
    const store = appStore();
    const archive = await built(store, "image.tar");
    fs.chmodSync(store.locate(`${APP}/bin/app`), 0o755);
    fs.writeFileSync(store.locate(`${APP}/bin/app`), "#!apx\n");
    const changed = await runHere("verify", archive, APP, DATA, ...store.options);
    expect(changed.status).toBe(1);
    expect(changed.stdout).toMatch(/layer \d sha256:\w{12} of app-1.0: the sources give sha256:/);
    expect(changed.stdout).toMatch(
      new RegExp(`\n {2}~ ${APP.slice(1)}/bin/app {2}mode 0555 → 0755, content from byte 4 on\n`),
    );
    const json = await runHere("verify", archive, APP, DATA, "--json", ...store.options);
    expect(json.status).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      verified: false,
      whole: { layersRead: true },
      rebuild: {
        config: [],
        layers: expect.arrayContaining([
          expect.objectContaining({ same: true }),
          expect.objectContaining({ same: false, paths: [APP] }),
        ]) as object,
      },
    });
  });

  it("tells what differs in the config", async () => {
    const store = appStore();
    const archive = await built(store, "image.tar");
    const changed = await runHere("verify", archive, APP, DATA, "-e", "A=1", ...store.options);
    expect(changed.status).toBe(1);
    expect(changed.stdout).toContain("\nconfig\n  + Env A  1\n");
  });

  it("finds a byte changed in an archive", async () => {
    const store = appStore();
    const archive = await built(store, "image.tar");
    const bytes = fs.readFileSync(archive);
    bytes[bytes.indexOf("#!app")] = 0x20;
    fs.writeFileSync(archive, bytes);
    const { status, stdout } = await runHere("verify", archive, "--quiet");
    expect(status).toBe(1);
    expect(stdout).toMatch(/^layer \d sha256:\w{12}: its blob has the digest/);
    expect(stdout).toContain("is not whole: 1 finding, 3 layers");
  });

  it.each([
    [[], "nothing says which image"],
    [["./nonexistent"], "./nonexistent is not an image that exists"],
    [["nonexistent.tar"], "there is no such file"],
  ])("exits with 2 for %j", async (args, message) => {
    const { status, stdout, stderr } = await runHere("verify", ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(message);
  });
});
