import { once } from "node:events";
import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { openDockerArchive } from "../../src/archives/read-archive.ts";
import { writeConf } from "../support/conf.ts";
import { goldenFiles, hasGolden, readGolden } from "../support/golden.ts";
import { runVarve, startVarve } from "../support/run-varve.ts";
import { createStorePaths } from "../support/store-tree.ts";
import type { StorePathTree } from "../support/store-tree.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

interface Golden {
  readonly storePaths: readonly StorePathTree[];
  readonly layers: readonly string[][];
  readonly options: Readonly<Record<string, string>>;
  readonly expected: ReadonlyArray<{ readonly diffId: string; readonly size: number }>;
}

const STORE_PATH = "/nix/store/l9r346p3d25vs4g5v37f3r3f28js97kb-thing-1.0";

function storeWith(root: string, text: string, repeat = 1): void {
  createStorePaths(root, [
    { path: STORE_PATH, entries: [{ path: "", type: "file", mode: "0444", text, repeat }] },
  ]);
}

describe.skipIf(!hasGolden())("varve stream --conf", () => {
  it.each(goldenFiles("store-layers"))("%s: dockerTools' layers", async (name) => {
    const golden = readGolden("store-layers", name) as Golden;
    const folder = temporaryFolder();
    createStorePaths(folder, golden.storePaths);
    const conf = writeConf(folder, { ...golden.options, store_layers: golden.layers });
    const { status, stdout, stderr } = runVarve(["stream", "--conf", conf, "--store-root", folder]);
    expect(stderr).toContain("test:latest: ");
    expect(status).toBe(0);
    const archive = path.join(folder, "image.tar");
    fs.writeFileSync(archive, stdout);
    const image = await openDockerArchive(archive);
    const identities = await Promise.all(image.layers.map((layer) => layer.identity()));
    const found = identities.map(({ diffId, size }) => ({ diffId, size }));
    expect(found.slice(0, -1)).toEqual(golden.expected);
    for (const layer of image.layers) for await (const _ of layer.stream()) continue;
    image.close();
  });
});

describe("varve stream", () => {
  it("gives the same bytes whatever name the script's own option gave", () => {
    const folder = temporaryFolder();
    storeWith(folder, "x");
    const conf = writeConf(folder, { store_layers: [[STORE_PATH]] });
    const streamed = (...args: string[]): string =>
      runVarve(["stream", "--conf", conf, "--store-root", folder, ...args]).stdout.toString(
        "latin1",
      );
    expect(streamed("--repo_tag", "other:2")).toEqual(streamed("-t", "other:2"));
    expect(streamed("-t", "other:2")).toContain('"RepoTags":["other:2"]');
  });

  it("ends with one message when its reader leaves", async () => {
    const folder = temporaryFolder();
    storeWith(folder, "0123456789abcdef", 1 << 20);
    const conf = writeConf(folder, { store_layers: [[STORE_PATH]] });
    const child = startVarve(["stream", "-q", "--conf", conf, "--store-root", folder]);
    let said = "";
    child.stderr!.on("data", (text: Buffer) => (said += text.toString()));
    child.stdout!.once("data", () => child.stdout!.destroy());
    const [status] = await once(child, "close");
    expect(status).toBe(1);
    expect(said).toBe(
      "varve: the output was closed before the image ended\n" +
        "varve: hint: the program reading it stopped early; its own message says why\n",
    );
  });

  it.each(["SIGINT", "SIGTERM"] as const)(
    "dies of %s at once, its reader asleep",
    async (signal) => {
      const folder = temporaryFolder();
      storeWith(folder, "0123456789abcdef", 1 << 20);
      const conf = writeConf(folder, { store_layers: [[STORE_PATH]] });
      const child = startVarve(["stream", "-q", "--conf", conf, "--store-root", folder]);
      await once(child.stdout!, "readable");
      child.kill(signal);
      const [status, died] = await once(child, "exit");
      expect([status, died]).toEqual([null, signal]);
    },
  );
});
