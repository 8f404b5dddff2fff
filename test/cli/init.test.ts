import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { loadRecipes } from "../../src/recipe/load-recipe.ts";
import { runVarve } from "../support/run-varve.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { installProject } from "../sources/npm/support/installed-project.ts";
import { runHere } from "./support/run-here.ts";

async function init(folder: string, ...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runHere("init", folder, ...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

async function written(folder: string): Promise<unknown> {
  const [one] = await loadRecipes(path.join(folder, "varve.config.json"));
  return one!.recipe;
}

describe("varve init", () => {
  it("writes the recipe of a Node project, and says what to run next", async () => {
    const project = installProject({}, { engines: { node: ">=24.1" } });
    const { folder } = project;
    project.write(
      "server.js",
      "const port = Number(process.env.PORT ?? 8000);\nserver.listen(port);\n",
    );
    const said = await init(folder);
    expect(said).toMatch(/varve\.config\.ts is written, for a Node project\nTry it: varve plan /);
    const text = fs.readFileSync(path.join(folder, "varve.config.ts"), "utf8");
    expect(text).toBe(
      [
        'import { defineImage } from "varve";',
        "",
        "export default defineImage({",
        '  name: "app",',
        "  // Bottom first: an init, time zones and Node's libraries; Node; the packages and the application.",
        "  contents: [",
        '    { debian: ["tini", "tzdata"] },',
        '    { node: ">=24.1" },',
        '    { npm: "." },',
        "  ],",
        "  // The port that the application's sources name.",
        '  config: { ExposedPorts: { "8000/tcp": {} } },',
        '  // tag: "1.0",',
        "});",
        "",
      ].join("\n"),
    );
    const { stderr } = runVarve(["plan", "--image", "nothing"], { cwd: folder });
    expect(stderr).toContain("it has app");
  });

  it("names the build script where what is run has not been built", async () => {
    const { folder } = installProject({}, { main: "dist/main.js", scripts: { build: "tsc" } });
    await init(folder, "--json");
    expect(await written(folder)).toMatchObject({
      name: "app",
      contents: [{ debian: ["tini", "tzdata"] }, { node: "*" }, { run: ["build"] }],
      config: {},
    });
  });

  it("finds a flake, or gives something to start from", async () => {
    const folder = temporaryFolder();
    expect(await init(folder, "--json")).toContain("for nothing that is known");
    expect(await written(folder)).toMatchObject({
      config: { Cmd: ["/bin/busybox", "cat", "/srv/hello.txt"] },
    });
    fs.writeFileSync(path.join(folder, "flake.nix"), "{}");
    expect(await init(folder, "--json", "--force")).toContain("for a flake");
    expect(await written(folder)).toMatchObject({ contents: [{ nix: [folder] }] });
  });

  it("replaces nothing unless it is told to, and writes nothing for what is no project yet", async () => {
    const folder = temporaryFolder();
    await init(folder);
    const { status, stderr } = await runHere("init", folder, "--json");
    expect(status).toBe(1);
    expect(stderr).toMatch(/varve\.config\.ts is there already\nvarve: hint: .*--force/);
    const other = temporaryFolder();
    fs.writeFileSync(path.join(other, "package.json"), "{}");
    expect((await runHere("init", other)).stderr).toContain("has no lockfile");
    expect(fs.readdirSync(other)).toEqual(["package.json"]);
  });
});
