import * as fs from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { openOciArchive } from "../../src/oci-layout/oci-archive.ts";
import { OciLayout } from "../../src/oci-layout/oci-layout.ts";
import { hostPlatform, platformText } from "../../src/image/platform.ts";
import { FaultRegistry } from "../registry/support/fault-registry.ts";
import { runVarve } from "../support/run-varve.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { runHere } from "./support/run-here.ts";
import { workIn } from "./support/work-in.ts";

const HERE = platformText(hostPlatform());
const PLATFORMS = ["linux/amd64", "linux/arm64"];

/** Makes a folder with this recipe the one that is worked in. */
function project(recipe: object): void {
  workIn(temporaryFolder());
  fs.writeFileSync("varve.config.json", JSON.stringify(recipe));
}

function files(content: string): object[] {
  return [{ files: { to: "/hello", content } }];
}

interface Index {
  readonly manifests: ReadonlyArray<{
    readonly digest: string;
    readonly platform: { readonly os: string; readonly architecture: string };
  }>;
}

function platformsOf({ manifests }: Index): string[] {
  return manifests.map(({ platform: { os, architecture } }) => `${os}/${architecture}`);
}

function built(...args: string[]): string {
  const { status, stdout, stderr } = runVarve(["build", ...args]);
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.toString();
}

function refused(...args: string[]): { status: number | null; stderr: string } {
  const { status, stderr } = runVarve(["build", ...args]);
  return { status, stderr };
}

describe("an image for several platforms", () => {
  const recipe = {
    name: "app",
    tag: "1",
    platforms: PLATFORMS,
    contents: files("hello"),
    config: { Cmd: ["/hello"], WorkingDir: "/" },
    byPlatform: { "linux/arm64": { contents: files("other"), config: { WorkingDir: "/arm" } } },
  };

  it("is an index in a layout and in an archive, the same in both, and again", async () => {
    project(recipe);
    const [line = ""] = built("-o", "oci:images").split("\n");
    const layout = OciLayout.open("images");
    const found = await layout.readManifest("app:1");
    expect(line).toBe(`${layout.fullName}@${found!.digest}`);
    const index = JSON.parse(found!.bytes.toString()) as Index;
    expect(platformsOf(index)).toEqual(PLATFORMS);
    const configs = await Promise.all(
      index.manifests.map(async ({ digest }) => {
        const manifest = JSON.parse((await layout.readBlob(digest))!.toString()) as {
          config: { digest: string };
        };
        return JSON.parse((await layout.readBlob(manifest.config.digest))!.toString()) as object;
      }),
    );
    expect(configs).toMatchObject([
      { architecture: "amd64", config: { Cmd: ["/hello"], WorkingDir: "/" } },
      { architecture: "arm64", config: { Cmd: ["/hello"], WorkingDir: "/arm" } },
    ]);
    expect(built("-o", "oci:images")).toBe(`${line}\n`);
    expect(layout.names()).toEqual(["1"]);
    expect(built("-o", "oci-archive:app.tar:2")).toBe(`oci-archive:app.tar@${found!.digest}\n`);
    const archive = await openOciArchive("app.tar");
    expect((await archive.readManifest("2"))?.bytes).toEqual(found!.bytes);
    archive.close();
  });

  it("is one image where there can only be one: this machine's, or the one that is named", () => {
    project({ ...recipe, platforms: [HERE, "linux/riscv64"] });
    const own = built("-o", "app.tar").trim();
    built("-o", "named.tar", "--platform", HERE);
    built("-o", "other.tar", "--platform", "linux/riscv64");
    expect(fs.readFileSync("named.tar").equals(fs.readFileSync(own))).toBe(true);
    expect(fs.readFileSync("other.tar").equals(fs.readFileSync(own))).toBe(false);
    expect(refused("-o", "x.tar", "--platform", PLATFORMS.join(","))).toEqual({
      status: 2,
      stderr: expect.stringContaining("there is only one platform here") as string,
    });
  });

  it("is asked for where this machine's is none of them", () => {
    project({ ...recipe, platforms: ["linux/riscv64", "linux/s390x"] });
    const { status, stderr } = refused("-o", "x.tar");
    expect(status).toBe(2);
    expect(stderr).toContain(`the recipe is for linux/riscv64, linux/s390x, and this machine is`);
  });

  it("is pushed as an index, under every name", async () => {
    const registry = await FaultRegistry.start();
    onTestFinished(() => {
      registry.close();
    });
    project(recipe);
    const names = [`${registry.host}/team/app:1`, `${registry.host}/team/app:2`];
    const args = [...names.flatMap((name) => ["-t", name]), "--quiet", "--jobs", "1"];
    const { status, stdout, stderr } = await runHere("push", ...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const digest = stdout.trim().split("@")[1]!;
    const bytes =
      registry.manifests.get(`team/app@${digest}`) ?? registry.manifests.get(`team/app:1`);
    expect(platformsOf(JSON.parse(bytes!.toString()) as Index)).toEqual(PLATFORMS);
    expect(registry.manifests.get("team/app:2")).toEqual(bytes);
    const again = await runHere("push", ...args, "--metadata-file", "told.json");
    expect(again.stdout).toBe(stdout);
    const told = JSON.parse(fs.readFileSync("told.json", "utf8")) as {
      images: ReadonlyArray<{ layers: ReadonlyArray<{ way: string }> }>;
    };
    expect(told.images.flatMap(({ layers }) => layers.map(({ way }) => way))).toEqual([
      "present",
      "present",
    ]);
  });
});

describe("several images", () => {
  const recipe = {
    images: {
      web: { contents: files("web") },
      worker: { name: "registry.example/team/worker", contents: files("worker") },
    },
  };

  it("go to a place each, by their names, or one alone", () => {
    project(recipe);
    fs.mkdirSync("out");
    expect(built("-o", "out/{image}.tar")).toBe("out/web.tar\nout/worker.tar\n");
    expect(built("-o", "one.tar", "--image", "worker")).toBe("one.tar\n");
    expect(fs.readFileSync("one.tar").equals(fs.readFileSync("out/worker.tar"))).toBe(true);
  });

  it("lie side by side in a layout, and are told one by one", () => {
    project(recipe);
    built("-o", "oci:images", "--metadata-file", "told.json");
    expect(OciLayout.open("images").names()).toEqual([
      "web:latest",
      "registry.example/team/worker:latest",
    ]);
    const told = JSON.parse(fs.readFileSync("told.json", "utf8")) as object[];
    expect(told).toMatchObject([
      { names: ["web:latest"] },
      { digest: expect.any(String) as string },
    ]);
  });

  it.each([
    [["-o", "one.tar"], "the recipe has 2 images, and -o one.tar takes one"],
    [["-o", "{image}.tar", "--image", "wep"], 'did you mean "web"?'],
    [["-o", "{image}.tar", "-t", "x"], "-t names one image, and the recipe has several"],
  ])("%j is refused", (args, message) => {
    project(recipe);
    const { status, stderr } = refused(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(fs.readdirSync(".")).toEqual(["varve.config.json"]);
  });

  it("are one at a time for whoever shows one", async () => {
    project(recipe);
    const { status, stderr } = await runHere("plan");
    expect(status).toBe(2);
    expect(stderr).toContain("the recipe has several images: web, worker");
    expect((await runHere("plan", "--image", "web")).status).toBe(0);
  });
});

describe("what a recipe takes from the environment", () => {
  it("is what it names, and an error where that is not set", () => {
    project({ name: "app", tag: { $env: "TAG" }, contents: files("x") });
    const env = { TAG: "3" };
    const told = runVarve(["inspect", "--json"], { env });
    expect(JSON.parse(told.stdout.toString())).toMatchObject({ references: ["app:3"] });
    const { status, stderr } = runVarve(["inspect"]);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /varve\.config\.json:1:15, at tag: the environment has no TAG\nvarve: hint: set it, or/,
    );
  });

  it("has a default", () => {
    project({ name: "app", tag: { $env: "TAG", default: "dev" }, contents: files("x") });
    const told = runVarve(["inspect", "--json"]);
    expect(JSON.parse(told.stdout.toString())).toMatchObject({ references: ["app:dev"] });
  });

  it("is named in a module by a function", () => {
    workIn(temporaryFolder());
    fs.writeFileSync(
      "varve.config.ts",
      'import { defineImage, env } from "varve";\n' +
        'const tag = env("TAG");\n' +
        'export default defineImage({ name: "app", tag, contents: [{ files: { to: "/x", content: "" } }] });\n',
    );
    const told = runVarve(["inspect", "--json"], { env: { TAG: "4" } });
    expect(JSON.parse(told.stdout.toString())).toMatchObject({ references: ["app:4"] });
    expect(runVarve(["inspect"]).stderr).toMatch(
      /varve\.config\.ts, line 2: the environment has no TAG\nvarve: hint: set it/,
    );
  });
});
