import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { splitWords } from "../../src/cli/sources/split-words.ts";
import { runVarve } from "../support/run-varve.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { APP, appStore } from "./support/app-store.ts";
import { runHere } from "./support/run-here.ts";

const TRACE = /\n\s+at \S+ \(/;

describe("wrong usage", () => {
  it.each<[string[], string]>([
    [["biuld"], 'there is no command "biuld"\nvarve: hint: did you mean build?'],
    [
      ["frobnicate"],
      'there is no command "frobnicate"\nvarve: hint: varve help lists the commands',
    ],
    [
      ["plan", "--max-layer", "3"],
      "there is no option --max-layer\nvarve: hint: did you mean --max-layers?",
    ],
    [["plan", "--from_image", "x"], "there is no option --from_image"],
    [["plan", "-Z"], "there is no option -Z"],
    [["plan", "--max-layers"], "--max-layers is missing, or has no value"],
    [["plan", "--max-layers", "-1"], '--max-layers: "-1" is not a whole number from 1 up'],
    [["plan", "--max-layers", "1e3"], '--max-layers: "1e3" is not a whole number from 1 up'],
    [["plan", "--max-layers", "1", "--max-layers", "2"], "--max-layers is given twice"],
    [["plan", "--progress", "loud"], '--progress: "loud" is none of auto, tty, plain, json, quiet'],
    [["digest"], "varve digest takes either --plan or --conf"],
    [["digest", "--plan", "x", "y"], 'nothing can be done with "y"'],
    [["completion"], "SHELL is missing"],
  ])("%j", async (args, message) => {
    const { status, stdout, stderr } = await runHere(...args);
    expect(stderr).toContain(`varve: ${message}`);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  });
});

describe("an error", () => {
  const missing = ["plan", "--graph", "/nonexistent/graph.json"];

  it("is told without a trace, and with one on request", () => {
    const plain = runVarve(missing);
    expect(plain.stderr).toBe(
      "varve: /nonexistent/graph.json cannot be read: there is no such file\n" +
        "varve: hint: expected a file with a graph of store paths, or a closureInfo folder\n",
    );
    expect(plain.status).toBe(1);
    const debug = runVarve([...missing, "--debug"]);
    expect(debug.stderr.startsWith(plain.stderr)).toBe(true);
    expect(debug.stderr).toMatch(TRACE);
    expect(debug.stderr).toMatch(/\ncaused by: Error: ENOENT: .*\n\s+at /);
    expect(debug.status).toBe(1);
  });

  it("is one more event where progress is JSON", async () => {
    for (const progress of [["--progress", "json"], ["--progress=json"]]) {
      const { status, stderr } = await runHere(...missing, ...progress);
      expect(JSON.parse(stderr)).toEqual({
        kind: "error",
        code: "GRAPH_UNREADABLE",
        message: "/nonexistent/graph.json cannot be read: there is no such file",
        hint: "expected a file with a graph of store paths, or a closureInfo folder",
      });
      expect(status).toBe(1);
    }
  });
});

describe("--progress json", () => {
  it("prints an event a line, Nix' own messages among them", () => {
    const folder = temporaryFolder();
    fs.writeFileSync(
      path.join(folder, "nix"),
      "#!/bin/sh\necho 'warning: one' >&2\necho 'error: \"two\"' >&2\nexit 1\n",
      { mode: 0o755 },
    );
    const { status, stderr } = runVarve(["plan", ".#app", "--progress", "json"], {
      env: { PATH: `${folder}:${process.env["PATH"]}` },
    });
    const events = stderr
      .trimEnd()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    expect(events).toEqual([
      { kind: "note", message: "warning: one" },
      { kind: "note", message: 'error: "two"' },
      expect.objectContaining({ kind: "error", code: "NIX_FAILED" }),
    ]);
    expect(status).toBe(1);
  });

  it("tells of an image from beginning to end", () => {
    const { root } = appStore();
    const args = ["build", APP, "--store-root", root, "-o", path.join(root, "app.tar")];
    const { status, stderr } = runVarve([...args, "--progress", "json"]);
    const kinds = stderr
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { kind: string }).kind);
    expect(kinds[0]).toBe("started");
    expect(kinds.filter((kind) => kind === "layer")).toHaveLength(2);
    expect(kinds.at(-1)).toBe("finished");
    expect(status).toBe(0);
  });
});

describe("words on one line", () => {
  it.each<[string, string[]]>([
    ["", []],
    ["  ", []],
    ["a", ["a"]],
    [" a  b\tc\n", ["a", "b", "c"]],
    ["--option 'a b' c", ["--option", "a b", "c"]],
    ['"a b"c d', ["a bc", "d"]],
    ["a''", ["a"]],
    ["'' \"\"", ["", ""]],
    ["a\\ b \\' \\\\", ["a b", "'", "\\"]],
    ['"\\"x\\" \\\\ \\n $a"', ['"x" \\ \\n $a']],
    ["'\\'", ["\\"]],
    ["--override-input nixpkgs path:./a", ["--override-input", "nixpkgs", "path:./a"]],
  ])("%j", (text, expected) => {
    expect(splitWords(text, "--x")).toEqual(expected);
  });

  it.each(["'a", '"a', "a 'b", '"a\\"', "a\\"])("%j has no end", (text) => {
    expect(() => splitWords(text, "--nix-args")).toThrow(
      /^--nix-args: the quoting of .* has no end$/,
    );
  });
});
