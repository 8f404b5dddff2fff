import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { evaluate } from "../../../src/sources/nix/evaluate.ts";
import { buildInstallables } from "../../../src/sources/nix/installable.ts";
import { closureFromPathInfo } from "../../../src/sources/nix/path-info-command.ts";
import { NixStore } from "../../../src/sources/nix/store.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { failureOf } from "../../support/failures.ts";
import { standInNix } from "./support/stand-in-nix.ts";
import { sriHash, storePath } from "./support/test-store.ts";

const APP = storePath("app");
const store = new NixStore({}, {});

describe("versions of Nix newer than the one installed", () => {
  it("warn about --json without a format", async () => {
    const info = { narHash: sriHash("app"), narSize: 5, references: [APP], version: 1 };
    standInNix(`echo "warning: '--json' without '--json-format' is deprecated" >&2
      echo '${JSON.stringify({ [APP]: info })}'`);
    expect(await closureFromPathInfo(store, [APP])).toEqual([
      { path: APP, references: [APP], narSize: 5, narHash: sriHash("app") },
    ]);
  });

  it("may insist on a format", async () => {
    const name = path.basename(APP);
    const info = { narHash: sriHash("app"), narSize: 5, references: [name] };
    const json = { version: 2, storeDir: "/nix/store", info: { [name]: info } };
    const calls = standInNix(`case "$*" in
      *"--json-format 2"*) echo '${JSON.stringify(json)}' ;;
      *) echo "error: --json needs --json-format" >&2; exit 1 ;;
    esac`);
    expect(await closureFromPathInfo(store, [APP])).toEqual([
      { path: APP, references: [APP], narSize: 5, narHash: sriHash("app") },
    ]);
    expect(calls()).toHaveLength(2);
  });

  it("print null for a path that is not valid", async () => {
    standInNix(`echo '{"${APP}": null}'`);
    const error = await failureOf(() => closureFromPathInfo(store, [APP]));
    expect(error).toMatchObject({
      code: "STORE_PATH_INVALID",
      message: expect.stringContaining(APP) as string,
    });
  });

  it("tell of builds how long they took, and print store paths as strings", async () => {
    const built = [
      {
        drvPath: { drvPath: "/nix/store/x.drv", output: "out" },
        outputs: { dev: storePath("app-dev"), man: storePath("app-man"), out: APP },
        startTime: 1,
        stopTime: 2,
        cpuUser: 0.5,
      },
      storePath("lib"),
      { path: storePath("other") },
    ];
    standInNix(`echo '${JSON.stringify(built)}'`);
    expect(await buildInstallables([".#app"], { store })).toEqual([
      APP,
      storePath("app-dev"),
      storePath("app-man"),
      storePath("lib"),
      storePath("other"),
    ]);
  });

  it.each([
    ["2.8.0", ""],
    ["2.12.1", ""],
    ["2.13", "^*"],
    ["2.26.3", "^*"],
    ["2.31.0pre20250101_abcdef", "^*"],
    ["2.91.1", "^*"],
    ["3.0", "^*"],
  ])("%s: build a derivation%s", async (version, suffix) => {
    const root = temporaryFolder();
    const conf = storePath("image-conf.json");
    const rooted = new NixStore({ storeRoot: root }, {});
    fs.mkdirSync(rooted.physicalDir, { recursive: true });
    fs.writeFileSync(rooted.locate(conf), '{"store_layers": []}');
    const calls = standInNix(`case "$1" in
      eval) echo '["${version}", "${conf}.drv"]' ;;
      build) echo '[{"drvPath": "${conf}.drv", "outputs": {"out": "${conf}"}}]' ;;
    esac`);
    const options = { store: rooted, nixArgs: ["--file", "x.nix", "--impure"] };
    expect(await evaluate(".#image^out,dev", options)).toEqual({ conf });
    const [evaluation = "", build = ""] = calls();
    expect(evaluation).toMatch(/^eval .*--store .*--file x\.nix --impure -- \.#image$/);
    expect(build).toMatch(/^build .*--no-link --json --impure -- /);
    expect(build.endsWith(` -- ${conf}.drv${suffix}`)).toBe(true);
  });

  it("may answer in a way that nobody knows", async () => {
    standInNix("echo '[]'");
    const unknown = { code: "NIX_FAILED" };
    expect(await failureOf(() => buildInstallables([".#app"], { store }))).toMatchObject(unknown);
    expect(await failureOf(() => evaluate(".#app", { store }))).toMatchObject(unknown);
  });

  it("look a word up among flakes, which is seldom what was meant", async () => {
    standInNix("echo \"error: cannot find flake 'flake:app'\" >&2; exit 1");
    const quiet = { store, quiet: true };
    const failure = await failureOf(() => buildInstallables(["app"], quiet));
    expect(failure.message).toContain("error: cannot find flake 'flake:app'");
    expect(failure.hint).toContain("a package of the flake in this folder is .#app");
    const attribute = { ...quiet, nixArgs: ["-f", "."] };
    expect((await failureOf(() => buildInstallables(["app"], attribute))).hint).toBeUndefined();
    expect((await failureOf(() => buildInstallables([".#app"], quiet))).hint).toBeUndefined();
  });

  it("are listened to line by line", async () => {
    standInNix("printf 'one\\ntwo\\n' >&2; printf three >&2; exit 1");
    const lines: string[] = [];
    const onMessage = (line: string): void => {
      lines.push(line);
    };
    const failure = await failureOf(() => buildInstallables([".#app"], { store, onMessage }));
    expect(lines).toEqual(["one", "two", "three"]);
    expect(failure.message).toBe("nix build .#app failed with status 1");
  });
});
