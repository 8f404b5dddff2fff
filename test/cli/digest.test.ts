import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { writeConf } from "../support/conf.ts";
import { goldenFiles, hasGolden, readGolden } from "../support/golden.ts";
import { runVarve } from "../support/run-varve.ts";
import { createStorePaths } from "../support/store-tree.ts";
import type { StorePathTree } from "../support/store-tree.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

interface Golden {
  readonly storePaths: readonly StorePathTree[];
  readonly layers: readonly string[][];
  readonly options: Readonly<Record<"mtime" | "uid" | "gid" | "uname" | "gname", string>>;
  readonly expected: ReadonlyArray<{ readonly diffId: string; readonly size: number }>;
}

const STORE_PATH = "/nix/store/l9r346p3d25vs4g5v37f3r3f28js97kb-thing-1.0";
const NO_SUCH_PATH = "/nix/store/00000000000000000000000000000000-nothing";

function writePlan(folder: string, layers: readonly (readonly string[])[]): string {
  const file = path.join(folder, "plan.json");
  fs.writeFileSync(file, JSON.stringify({ layers: layers.map((paths) => ({ paths })) }));
  return file;
}

function thingIn(folder: string): void {
  createStorePaths(folder, [
    { path: STORE_PATH, entries: [{ path: "", type: "file", mode: "0444", text: "x" }] },
  ]);
}

describe.skipIf(!hasGolden())("varve digest --plan", () => {
  it.each(goldenFiles("store-layers"))("%s: dockerTools' digests", (name) => {
    const golden = readGolden("store-layers", name) as Golden;
    const folder = temporaryFolder();
    createStorePaths(folder, golden.storePaths);
    const { mtime, uid, gid, uname, gname } = golden.options;
    const owner = ["--uid", uid, "--gid", gid, "--uname", uname, "--gname", gname];
    const plan = writePlan(folder, golden.layers);
    const args = ["digest", "--plan", plan, "--store-root", folder, "--mtime", mtime, ...owner];
    const { status, stdout, stderr } = runVarve([...args, "--json"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(JSON.parse(stdout.toString())).toEqual({ layers: golden.expected });
  });
});

describe("varve digest", () => {
  it("prints a line a layer; owner and date have defaults", () => {
    const folder = temporaryFolder();
    thingIn(folder);
    const plan = fs.readFileSync(writePlan(folder, [[STORE_PATH]]), "utf8");
    const args = ["digest", "--plan", "-", "--store-root", folder];
    const plain = runVarve(args, { input: plan }).stdout.toString();
    expect(plain).toMatch(/^sha256:[0-9a-f]{64} 10240\n$/);
    const said = ["--uid", "0", "--gid", "0", "--uname", "root", "--gname", "root", "--mtime"];
    const explicit = [...args, ...said, "1970-01-01T00:00:01Z"];
    expect(runVarve(explicit, { input: plan }).stdout.toString()).toBe(plain);
  });

  it.each<[string, string, string[], number, RegExp]>([
    ["no plan", "", [], 1, /^varve: standard input is not JSON: /],
    ["no layers", '{"layer":[]}', [], 1, /^varve: standard input.*layers/],
    ["an empty layer", '{"layers":[{"paths":[]}]}', [], 1, /at layers\.0\.paths: a layer needs/],
    [
      "a path twice",
      JSON.stringify({ layers: [{ paths: [STORE_PATH] }, { paths: [STORE_PATH] }] }),
      [],
      1,
      /places \S+-thing-1\.0 twice/,
    ],
    [
      "a path that is not there",
      JSON.stringify({ layers: [{ paths: [STORE_PATH, NO_SUCH_PATH] }] }),
      [],
      1,
      /00000000000000000000000000000000-nothing/,
    ],
    ["a wrong date", '{"layers":[]}', ["--mtime", "yesterday"], 2, /--mtime "yesterday"/],
    ["a wrong owner", '{"layers":[]}', ["--uid", "root"], 2, /--uid: "root" is not a whole/],
  ])("refuses %s", (_what, plan, args, expected, message) => {
    const folder = temporaryFolder();
    thingIn(folder);
    const command = ["digest", "--plan", "-", "--json", "--store-root", folder, ...args];
    const { status, stdout, stderr } = runVarve(command, { input: plan });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect({ status, stdout: stdout.toString() }).toEqual({ status: expected, stdout: "" });
  });
});

describe("varve digest --conf", () => {
  it("prints those of all layers above the base's", () => {
    const folder = temporaryFolder();
    thingIn(folder);
    const conf = writeConf(folder, { store_layers: [[STORE_PATH]], layers: [{ paths: [] }] });
    const args = ["digest", "--store-root", folder];
    const { stdout, stderr } = runVarve([...args, "--conf", conf, "--json"]);
    expect(stderr).toBe("");
    const { layers } = JSON.parse(stdout.toString()) as { layers: { diffId: string }[] };
    expect(layers).toHaveLength(3);
    const plan = runVarve([...args, "--plan", writePlan(folder, [[STORE_PATH]])]);
    expect(plan.stdout.toString()).toContain(layers[1]!.diffId);
  });

  it("finds a conf by the name that Nix prints when it builds into a store under a root", () => {
    const folder = temporaryFolder();
    thingIn(folder);
    const conf = writeConf(folder, { store_layers: [[STORE_PATH]] });
    const name = `${STORE_PATH}-conf.json`;
    fs.renameSync(conf, path.join(folder, name));
    const { stderr, stdout } = runVarve(["digest", "--store-root", folder, "--conf", name]);
    expect(stderr).toBe("");
    expect(stdout.toString()).toMatch(/^sha256:/);
    expect(runVarve(["digest", "--conf", name]).stderr).toContain(`${name} cannot be read`);
  });

  it.each<[string[], RegExp]>([
    [[], /takes either --plan or --conf/],
    [["--plan", "x", "--conf", "y"], /takes either --plan or --conf/],
    [["--conf", "y", "--uid", "1"], /--uid cannot change an image that Nix describes/],
  ])("refuses %j", (args, message) => {
    const { status, stderr } = runVarve(["digest", ...args]);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });
});
