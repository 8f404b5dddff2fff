import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { VARVE } from "../support/run-varve.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { runHere } from "./support/run-here.ts";

/** What bash proposes at the end of a command line, varve's own script sourced. */
function proposedByBash(folder: string, line: string): string[] {
  fs.writeFileSync(
    path.join(folder, "varve"),
    `#!/bin/sh\nexec "${process.execPath}" "${VARVE}" "$@"\n`,
    {
      mode: 0o755,
    },
  );
  const words = line.split(" ");
  const script = `
    PATH=${folder}:$PATH
    . <(varve completion bash)
    declare -F _varve > /dev/null || exit 1
    complete -p varve | grep -q -- '-F _varve' || exit 1
    COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")})
    COMP_CWORD=${words.length - 1}
    _varve
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const said = execFileSync("bash", ["--norc", "-c", script], { cwd: folder, encoding: "utf8" });
  return said.split("\n").filter((proposal) => proposal !== "");
}

describe("completion in bash", () => {
  it.each<[string, string[]]>([
    ["varve bu", ["build"]],
    ["varve plan --max", ["--max-layers"]],
    ["varve build --compression ", ["none", "gzip", "zstd"]],
    ["varve load --progress p", ["plain"]],
    ["varve completion ", ["bash", "zsh", "fish"]],
    ["varve inspect my", ["my app.tar"]],
    ["varve inspect ", ["my app.tar", "varve"]],
    ["varve build app.tar -t x ", ["my app.tar", "varve"]],
  ])("%s", (line, expected) => {
    const folder = temporaryFolder();
    fs.writeFileSync(path.join(folder, "my app.tar"), "");
    expect(proposedByBash(folder, line).toSorted()).toEqual(expected.toSorted());
  });
});

describe("varve completion", () => {
  it.each(["bash", "zsh", "fish"])("prints a script for %s that asks varve", async (shell) => {
    const { status, stdout } = await runHere("completion", shell);
    expect(status).toBe(0);
    expect(stdout).toContain("varve __complete --");
  });

  it("knows no other shell", async () => {
    const { status, stderr } = await runHere("completion", "tcsh");
    expect(stderr).toBe('varve: "tcsh" is none of bash, zsh, fish\n');
    expect(status).toBe(2);
  });

  it("proposes nothing for what it does not know, quietly", async () => {
    expect(await runHere("__complete", "--", "nothing", "--x")).toEqual({
      status: 0,
      stdout: "",
      stderr: "",
    });
  });
});
