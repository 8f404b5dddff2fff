import { once } from "node:events";
import * as fs from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { writeConf } from "../support/conf.ts";
import { runVarve, startVarve } from "../support/run-varve.ts";
import { createStorePaths } from "../support/store-tree.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { runHere } from "./support/run-here.ts";
import { workIn } from "./support/work-in.ts";

const STORE_PATH = "/nix/store/l9r346p3d25vs4g5v37f3r3f28js97kb-thing-1.0";

function fixture(size = 1): { folder: string; out: string; args: string[] } {
  const folder = temporaryFolder();
  createStorePaths(folder, [
    { path: STORE_PATH, entries: [{ path: "", type: "file", mode: "0444", text: "x" }] },
  ]);
  // A hole costs nothing to make.
  fs.truncateSync(path.join(folder, STORE_PATH), size);
  const out = path.join(folder, "out");
  fs.mkdirSync(out);
  const conf = writeConf(folder, { store_layers: [[STORE_PATH]] });
  return { folder, out, args: ["build", "--conf", conf, "--store-root", folder] };
}

describe("varve build", () => {
  it.each([
    ["image.tar", "test"],
    ["image.tar.gz", "\u001f\u008b"],
    ["image.tgz", "\u001f\u008b"],
    ["image.tar.zst", "(\u00b5/\u00fd"],
  ])("%s: compressed by its name", (name, magic) => {
    const { out, args } = fixture();
    const file = path.join(out, name);
    const { status, stdout } = runVarve([...args, "-o", file]);
    expect({ status, stdout: stdout.toString() }).toEqual({ status: 0, stdout: `${file}\n` });
    expect(fs.readdirSync(out)).toEqual([name]);
    const beginning = fs.readFileSync(file).toString("latin1").slice(0, magic.length);
    expect(beginning).toMatch(name === "image.tar" ? /^[0-9a-f]{4}$/ : magic);
  });

  it("writes what it built as JSON", () => {
    const { out, args } = fixture();
    const metadata = path.join(out, "metadata.json");
    runVarve([...args, "-o", path.join(out, "image.tar"), "--metadata-file", metadata]);
    const found = JSON.parse(fs.readFileSync(metadata, "utf8")) as Record<string, unknown>;
    expect(found).toMatchObject({
      references: ["test:latest"],
      layers: [{ paths: [STORE_PATH] }, {}],
    });
    expect(found["imageId"]).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it("leaves nothing behind when it is interrupted", async () => {
    const { out, args } = fixture(1 << 30);
    const child = startVarve([...args, "-q", "-o", path.join(out, "image.tar.gz")], {
      stdio: "ignore",
    });
    while (fs.readdirSync(out).length === 0 && child.exitCode === null) await delay(10);
    expect(fs.readdirSync(out)[0]).toMatch(/^\.image\.tar\.gz\.[0-9a-f]+-\d+\.\d+\.partial$/);
    child.kill("SIGINT");
    const [, signal] = await once(child, "exit");
    expect(signal).toBe("SIGINT");
    expect(fs.readdirSync(out)).toEqual([]);
  });

  it.each<[string, string[], number, RegExp]>([
    ["no output", [], 2, /needs to know where the image goes/],
    ["a folder as output", ["-o", "."], 1, /is a folder/],
    ["an output in no folder", ["-o", "missing/image.tar"], 1, /its folder does not exist/],
    ["a bad name", ["-o", "x.tar", "-t", "Name:1"], 2, /"Name" has capitals/],
    ["a bad tag", ["-o", "x.tar", "-t", "name:-1"], 2, /bad tag "-1"/],
    [
      "an unknown option",
      ["-o", "x.tar", "--copmression", "gzip"],
      2,
      /did you mean --compression/,
    ],
    [
      "a level too high",
      ["-o", "x.tar.gz", "--compression-level", "12"],
      2,
      /gzip has levels 1 to 9/,
    ],
    [
      "a level for nothing",
      ["-o", "x.tar", "--compression-level", "2"],
      2,
      /nothing is compressed/,
    ],
  ])("%s: one clear error", async (_what, more, expected, message) => {
    const { out, args } = fixture();
    workIn(out);
    const { status, stderr } = await runHere(...args, ...more);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(status).toBe(expected);
    expect(fs.readdirSync(out)).toEqual([]);
  });

  it("names a path that is not there", () => {
    const { out, args, folder } = fixture();
    fs.rmSync(path.join(folder, STORE_PATH));
    const { status, stderr } = runVarve([...args, "-o", path.join(out, "x.tar")]);
    expect(stderr).toContain(`${STORE_PATH} does not exist`);
    expect(status).toBe(1);
    expect(fs.readdirSync(out)).toEqual([]);
  });
});
