import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { besideOf } from "../../src/io/beside.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const MODULE = path.join(import.meta.dirname, "../../src/io/beside.ts");

/** Makes a folder beside a file in a process of its own, which is killed before it can tidy up. */
function leaveBeside(file: string): void {
  const script = `
    import { besideOf } from ${JSON.stringify(MODULE)};
    import { mkdirSync, writeFileSync } from "node:fs";
    const folder = besideOf(${JSON.stringify(file)});
    mkdirSync(folder);
    writeFileSync(folder + "/blob", "x");
    process.kill(process.pid, "SIGKILL");`;
  spawnSync(process.execPath, ["--input-type=module", "-e", script]);
}

describe("a name beside a file", () => {
  it("is in the file's folder, and new each time", () => {
    const file = path.join(temporaryFolder(), `${"long".repeat(60)}.tar`);
    const names = [besideOf(file), besideOf(file)];
    expect(names.map((name) => path.dirname(name))).toEqual([
      path.dirname(file),
      path.dirname(file),
    ]);
    expect(names[0]).not.toBe(names[1]);
    for (const name of names) fs.writeFileSync(name, "");
  });

  it("rids the folder of what killed processes have left for this file", () => {
    const folder = temporaryFolder();
    const [file, other] = ["image.tar", "image.tar.gz"].map((name) => path.join(folder, name));
    leaveBeside(file!);
    leaveBeside(other!);
    fs.writeFileSync(besideOf(file!), "at work");
    fs.writeFileSync(path.join(folder, ".image.tar.mine.partial"), "");
    expect(fs.readdirSync(folder)).toHaveLength(3);
    besideOf(other!);
    const left = fs.readdirSync(folder);
    expect(left).toHaveLength(2);
    expect(left).toContain(".image.tar.mine.partial");
    expect(left.filter((name) => name.startsWith(".image.tar.gz"))).toEqual([]);
  });

  it("is given where the folder cannot be read, too", () => {
    expect(besideOf("/nonexistent/image.tar")).toContain("/nonexistent/.image.tar.");
  });
});
