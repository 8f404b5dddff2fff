import * as fs from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { differenceTable } from "../../src/cli/tables/difference-table.ts";
import { compareImages } from "../../src/comparison/compare-images.ts";
import { factsOf } from "../../src/comparison/image-facts.ts";
import { CountedLayer, imageOf } from "../comparison/support/images.ts";
import { file } from "../comparison/support/tars.ts";
import { APP, appStore, DATA, TOOL } from "./support/app-store.ts";
import type { AppStore } from "./support/app-store.ts";
import { runHere } from "./support/run-here.ts";

beforeEach(() => {
  vi.stubEnv("VARVE_CACHE_DIR", "/dev/null/varve-cache");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

async function built(store: AppStore, name: string, ...args: readonly string[]): Promise<string> {
  const archive = path.join(store.root, name);
  const { status, stderr } = await runHere("build", "-o", archive, ...args, ...store.options);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return archive;
}

describe("varve diff", () => {
  it("finds an archive the same as what it was built from, whatever its name", async () => {
    const store = appStore();
    const archive = await built(store, "a.tar.gz", APP, "-t", "app:1");
    const same = await runHere("diff", archive, APP, ...store.options);
    expect(same).toMatchObject({ status: 0, stderr: "" });
    expect(same.stdout).toMatch(/the same image\n$/);
    const files = await runHere("diff", archive, archive, "--files", "--json", "--quiet");
    expect(files.status).toBe(0);
    expect(JSON.parse(files.stdout)).toMatchObject({
      same: true,
      config: [],
      components: [],
      files: { added: [], removed: [], changed: [], datesOnly: 0 },
    });
  });

  it("tells config, components, layers and bytes to send of another image", async () => {
    const store = appStore();
    const a = await built(store, "a.tar", APP, "-e", "A=1", "--cmd", "x");
    const { status, stdout } = await runHere(
      "diff",
      a,
      APP,
      TOOL,
      "-e",
      "B=2",
      "--cmd",
      "x",
      "--json",
      ...store.options,
    );
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      same: false,
      config: expect.arrayContaining([
        { field: "config.Env.A", a: "1" },
        { field: "config.Env.B", b: "2" },
      ]) as object,
      layers: { onlyInA: [], onlyInB: [{ paths: [TOOL] }] },
      components: [{ change: "added", name: "tool", b: { id: TOOL, version: "2.0" } }],
      toSend: { bytes: 10_240, compressed: false, unknown: 0 },
    });
  });

  it("tells files that differ", async () => {
    const store = appStore();
    const a = await built(store, "a.tar", APP);
    fs.chmodSync(store.locate(`${APP}/bin/app`), 0o755);
    fs.writeFileSync(store.locate(`${APP}/bin/app`), "#!other\n");
    const { status, stdout } = await runHere(
      "diff",
      a,
      APP,
      "--files",
      "--no-cache",
      ...store.options,
    );
    expect(status).toBe(1);
    expect(stdout).toContain("files: 0 added, 0 removed, 1 changed\n");
    expect(stdout).toContain(`  ~ ${APP}/bin/app  mode 0555 → 0755, size 6 → 8, content\n`);
  });

  it.each([
    [["a.tar"], "two images are needed"],
    [["nonexistent.tar", "other.tar"], "nonexistent.tar cannot be read"],
    [["./nonexistent", "other.tar"], 'there is no "./nonexistent"'],
  ])("exits with 2 for %s", async (args, message) => {
    const { status, stdout, stderr } = await runHere("diff", ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(message);
  });

  it("builds what options describe for the second image only", async () => {
    const store = appStore();
    const a = await built(store, "a.tar", DATA);
    const missing = await runHere("diff", a, "--conf", "nonexistent.json", ...store.options);
    expect(missing.status).toBe(2);
    expect(missing.stderr).toContain("nonexistent.json");
  });
});

function pathOf(name: string): string {
  return `/nix/store/0123456789abcdfghijklmnpqrsvwxyz-${name}`;
}

function layer(name: string): CountedLayer {
  return new CountedLayer([file(pathOf(name).slice(1), name)], [pathOf(name)]);
}

async function table(width?: number): Promise<string> {
  const a = imageOf([layer("libc-1"), layer("ssl-1.9")], {
    config: { Cmd: [pathOf("app-1/bin/app")], Env: ["A=1"] },
  });
  const b = imageOf([layer("libc-1"), layer("ssl-1.10"), layer("new")], {
    config: { Cmd: [pathOf("app-2/bin/app")], Env: ["A=2"] },
  });
  const difference = compareImages(await factsOf("old.tar", a), await factsOf("new.tar", b));
  return differenceTable(difference, undefined, width);
}

describe("differenceTable", () => {
  it("tells everything, each on a line of its own", async () => {
    const lines = (await table()).split("\n");
    expect(lines).toEqual([
      expect.stringMatching(/^- sha256:[0-9a-f]{12} {2}2 layers, 4.10 kB {2}old.tar$/),
      expect.stringMatching(/^\+ sha256:[0-9a-f]{12} {2}3 layers, 6.14 kB {2}new.tar$/),
      "",
      "config",
      "  ~ Cmd",
      `      - ["${pathOf("app-1/bin/app")}"]`,
      `      + ["${pathOf("app-2/bin/app")}"]`,
      "  ~ Env A  1 → 2",
      "",
      "layers: 1 common, 1 only in A, 2 only in B",
      expect.stringMatching(/^ {2}- {3}2 {3}2.05 kB {2}[0-9a-f]{12} {2}ssl-1.9$/),
      expect.stringMatching(/^ {2}\+ {3}2 {3}2.05 kB {2}[0-9a-f]{12} {2}ssl-1.10$/),
      expect.stringMatching(/^ {2}\+ {3}3 {3}2.05 kB {2}[0-9a-f]{12} {2}new$/),
      "",
      "components: 1 added, 1 changed",
      "  + new",
      "  ~ ssl  1.9 → 1.10",
      "",
      "to send: 4.10 kB of 6.14 kB, 2 of 3 layers",
      "",
    ]);
  });

  it("fits a narrow terminal and still tells what differs", async () => {
    const narrow = await table(44);
    expect(Math.max(...narrow.split("\n").map((line) => line.length))).toBeLessThanOrEqual(44);
    expect(narrow).toContain('- ["/nix/store/0123…-app-1/bin/app"]');
  });
});
