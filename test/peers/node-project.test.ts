import * as fs from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { installProject } from "../sources/npm/support/installed-project.ts";
import { runVarve } from "../support/run-varve.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { absent } from "./support/absent.ts";

const BUILD =
  "node -e \"fs.mkdirSync('dist',{recursive:true}),fs.writeFileSync('dist/main.js','1')\"";
/** Nobody answers there. */
const NOWHERE = "http://127.0.0.1:9/";

/* Node comes from the registry of npm's settings, Debian's packages from apt's mirrors. */
describe.skipIf(absent(["npm", "apt-get"]))("an image of a Node project", () => {
  let folder: string;
  let cache: string;
  beforeEach(() => {
    const dependency = { files: { "index.js": "exports.x = 1;\n" } };
    const manifest = {
      main: "dist/main.js",
      engines: { node: "24" },
      scripts: { build: BUILD, fail: "echo told && exit 3" },
    };
    ({ folder } = installProject({ "node_modules/one": dependency }, manifest));
    cache = temporaryFolder();
  });

  function varve(
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): ReturnType<typeof runVarve> {
    return runVarve(args, { cwd: folder, env: { VARVE_CACHE_DIR: cache, ...env } });
  }

  function build(args: readonly string[], env?: NodeJS.ProcessEnv): Buffer {
    const { status, stdout, stderr } = varve(["build", "-o", "-", ...args], env);
    expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
    return stdout;
  }

  it("runs the project's scripts when it is told to, and shows why one failed", () => {
    expect(varve(["plan"]).stderr).toMatch(/dist\/main\.js, which has not been built/);
    expect(varve(["plan", "--run", "biuld"]).stderr).toContain('did you mean "build"?');
    const failed = varve(["plan", "--run", "fail"]);
    expect(failed.status).toBe(1);
    expect(failed.stderr).toMatch(/npm run fail in .* ended with status 3; it said:\n[^]*told\n/);
    const { stdout } = varve(["plan", "--run", "build"]);
    expect(stdout.toString()).toContain("application:app");
    expect(fs.readFileSync(path.join(folder, "dist/main.js"), "utf8")).toBe("1");
  });

  it("comes out the same from a lock, for a foreign platform too, and without a network", () => {
    const other = process.arch === "arm64" ? "linux/amd64" : "linux/arm64";
    const pinned = varve(["lock", "--platform", "linux/amd64", "--platform", "linux/arm64"]);
    expect(pinned.stdout.toString()).toMatch(
      /^app, linux\/amd64:\n[^]*  \+ tini [^]*  \+ node 24\.[^]*\napp, linux\/arm64:\n/,
    );
    const args = ["--locked", "--run", "build"];
    const images = [[], ["--platform", other]].map((more) => build([...args, ...more]));
    expect(images[0]!.equals(images[1]!)).toBe(false);
    const proxies = { http_proxy: NOWHERE, https_proxy: NOWHERE, npm_config_registry: NOWHERE };
    const offline = [...args, "--offline", "--no-cache"];
    for (const [index, more] of [[], ["--platform", other]].entries()) {
      expect(build([...offline, ...more], proxies).equals(images[index]!)).toBe(true);
    }
    const earlier = cache;
    cache = temporaryFolder();
    onTestFinished(() => {
      cache = earlier;
    });
    expect(build([...args, "--platform", other]).equals(images[1]!)).toBe(true);
  });

  it("needs Debian's libraries, or a base that has them", () => {
    const recipe = { contents: [{ node: "24" }, { npm: ".", run: "build" }] };
    fs.writeFileSync(path.join(folder, "varve.config.json"), JSON.stringify(recipe));
    const { status, stderr } = varve(["plan"]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/nothing brings what Node needs of Debian: .*libc6.*\nvarve: hint: put/);
  });
});
