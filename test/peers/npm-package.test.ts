import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDockerArchive } from "../../src/archives/read-archive.ts";
import { writeConf } from "../support/conf.ts";
import { createStorePaths } from "../support/store-tree.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { absent } from "./support/absent.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const STORE_PATH = "/nix/store/l9r346p3d25vs4g5v37f3r3f28js97kb-thing-1.0";
const RECIPE = `import { defineImage } from "varve";
export default defineImage({ name: "app", contents: [{ nix: "${STORE_PATH}" }] });
`;

function run(program: string, args: readonly string[], cwd: string): string {
  return execFileSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

describe.skipIf(absent(["npm"]))("the npm package", () => {
  const project = fs.mkdtempSync(path.join(tmpdir(), "varve-test-"));
  const varve = path.join(project, "node_modules/.bin/varve");

  beforeAll(() => {
    const tarball = run(path.join(ROOT, "script/package"), [project], ROOT).trim();
    fs.writeFileSync(path.join(project, "package.json"), '{"type":"module"}');
    run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", tarball], project);
  }, 120_000);

  afterAll(() => {
    fs.rmSync(project, { recursive: true, force: true });
  });

  it("brings a few packages and no install script", () => {
    const packages = fs
      .readdirSync(path.join(project, "node_modules"))
      .filter((name) => !name.startsWith("."));
    expect(packages.length).toBeLessThan(12);
    expect(run("npm", ["query", ":attr(scripts, [postinstall])"], project).trim()).toBe("[]");
  });

  it("packs an image in its workers", async () => {
    const store = temporaryFolder();
    createStorePaths(store, [
      { path: STORE_PATH, entries: [{ path: "", type: "file", mode: "0444", text: "x" }] },
    ]);
    const conf = writeConf(store, { store_layers: [[STORE_PATH]] });
    const archive = path.join(project, "image.tar.gz");
    run(varve, ["build", "--conf", conf, "--store-root", store, "-o", archive], project);
    const image = await openDockerArchive(archive);
    expect(image.layers).toHaveLength(2);
    image.close();
  });

  it("is a library with types", () => {
    fs.writeFileSync(path.join(project, "varve.config.ts"), RECIPE);
    run(
      path.join(ROOT, "node_modules/.bin/tsc"),
      [
        "--noEmit",
        "--strict",
        "--skipLibCheck",
        "--module",
        "nodenext",
        "--target",
        "es2025",
        "varve.config.ts",
      ],
      project,
    );
    const named = "import('varve').then(({ defineImage }) => console.log(typeof defineImage))";
    expect(run("node", ["-e", named], project)).toBe("function\n");
  });
});
