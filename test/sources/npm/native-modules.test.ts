import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { readElf } from "../../../src/sources/npm/content/elf.ts";
import { machinePlatform } from "../../../src/sources/npm/platform.ts";
import { failureOf } from "../../support/failures.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { installProject } from "./support/installed-project.ts";
import { contentsOf } from "./support/layers.ts";

/** Offsets in an ELF header (ELF specification, "ELF Header"). */
const MACHINE_OFFSET = 18;
const ARM64 = 183;
const S390X = 22;

/** A real module of this machine's, shortened to what the headers point to, for a machine. */
const MODULE = fs.readFileSync(nativeModule());

function nativeModule(): string {
  const scope = path.join(import.meta.dirname, "../../../node_modules/@oxc-resolver");
  const found = fs.globSync("binding-*/*.node", { cwd: scope })[0];
  if (found === undefined) throw new Error(`no native module in ${scope}`);
  return path.join(scope, found);
}

function moduleFor(machine: number): Buffer {
  const copy = Buffer.from(MODULE.subarray(0, 4096));
  copy.writeUInt16LE(machine, MACHINE_OFFSET);
  return copy;
}

describe("ELF headers", () => {
  it("tell processor, C library and what else is needed", () => {
    const { cpu, libc } = machinePlatform();
    for (const file of [process.execPath, nativeModule()]) {
      const elf = readElf(file);
      expect(elf).toMatchObject({ cpu, libc });
      expect(elf!.libraries).toContain("libc.so.6");
    }
    expect(readElf(process.execPath)!.libraries).toContain("libstdc++.so.6");
  });

  it.each([
    ["no ELF file", Buffer.from("#!/bin/sh\n".repeat(20))],
    ["nothing", Buffer.alloc(0)],
    ["a part of a header", MODULE.subarray(0, 40)],
  ])("of %s tell nothing", (_, bytes) => {
    const file = path.join(temporaryFolder(), "x.node");
    fs.writeFileSync(file, bytes);
    expect(readElf(file)).toBeUndefined();
  });

  it("that point outside of the file do no harm", () => {
    const file = path.join(temporaryFolder(), "x.node");
    for (const length of [64, 200, 1000, 5000]) {
      fs.writeFileSync(file, MODULE.subarray(0, length));
      expect(readElf(file)?.cpu).toBe(machinePlatform().cpu);
    }
  });
});

describe("native modules", () => {
  it("that an install script built for another machine are an error", async () => {
    const { folder } = installProject({
      "node_modules/sqlite": {
        files: {
          "build/Release/sqlite.node": moduleFor(ARM64),
          "prebuilds/linux-x64/a.node": MODULE,
        },
      },
    });
    const platform = { os: "linux", cpu: "x64", libc: "glibc" } as const;
    const error = await failureOf(contentsOf(folder, { platform }));
    expect(error).toMatchObject({ code: "NPM_NATIVE" });
    expect(error.message).toBe(
      "sqlite@1.0.0: build/Release/sqlite.node is for arm64, but the image is for linux/x64 with glibc",
    );
    expect(error.hint).toContain("install on a machine like the image's");
  });

  it("may be for many machines, as long as one fits", async () => {
    const prebuilds = {
      "prebuilds/darwin-x64/a.node": "no ELF",
      "prebuilds/linux-arm64/a.node": moduleFor(ARM64),
    };
    const fitting = installProject({
      "node_modules/a": { files: { ...prebuilds, "prebuilds/linux-x64/a.node": moduleFor(62) } },
    });
    const platform = { os: "linux", cpu: "x64", libc: "glibc" } as const;
    const { closure } = await contentsOf(fitting.folder, { platform });
    expect(closure.has("npm:node_modules/a@1.0.0")).toBe(true);
    const other = installProject({
      "node_modules/a": {
        files: { ...prebuilds, "prebuilds/linux-s390x/a.node": moduleFor(S390X) },
      },
    });
    expect(await failureOf(contentsOf(other.folder, { platform }))).toMatchObject({
      code: "NPM_NATIVE",
      hint: "the package has no module for that platform; build the image for another one, or use another package",
    });
  });

  it("that have not been built are told of; they may be in optional dependencies", async () => {
    expect(await noticesFor({})).toEqual([
      "a@1.0.0 has no native module: its install script has not run here",
    ]);
    expect(await noticesFor({ gypfile: false })).toEqual([]);
    expect(await noticesFor({ optionalDependencies: { "a-linux-x64": "1.0.0" } })).toEqual([]);
  });

  it("that an install script built for another Node are an error; those of Node-API are for all", async () => {
    const platform = machinePlatform();
    const at = "build/Release/a.node";
    const builtFor = (bytes: Buffer): string =>
      installProject({ "node_modules/a": { files: { [at]: bytes } } }).folder;
    await contentsOf(builtFor(MODULE), { platform, node: "24.1.0" });
    await contentsOf(builtFor(registering("v127")), { platform, node: "22.20.0" });
    await contentsOf(builtFor(registering("v127")), { platform });
    const error = await failureOf(
      contentsOf(builtFor(registering("v127")), { platform, node: "24.1.0" }),
    );
    expect(error).toMatchObject({
      code: "NPM_NATIVE",
      message: `a@1.0.0: ${at} is for Node 22 (NODE_MODULE_VERSION 127), but the image is for Node 24 (NODE_MODULE_VERSION 137)`,
    });
    expect(error.hint).toContain("install with the version of Node that the image has");
  });
});

/** What is told of a package with sources of a native module alone. */
async function noticesFor(manifest: Readonly<Record<string, unknown>>): Promise<string[]> {
  const notices: string[] = [];
  const packages = { "node_modules/a": { manifest, files: { "binding.gyp": "{}" } } };
  const { folder } = installProject(packages);
  await contentsOf(folder, { onNotice: (message) => notices.push(message) });
  return notices.filter((message) => message.includes("no native module"));
}

/** A real module that registers itself as those do that are for one version of Node. */
function registering(version: string): Buffer {
  const other = "napi_register_module_v1";
  const name = `node_register_module_${version}`;
  const copy = Buffer.from(MODULE);
  const found = copy.indexOf(`\0${other}\0`);
  if (found === -1) throw new Error("the module is not of Node-API");
  // The name is longer by two: it takes the place of what follows, too.
  copy.write(`\0${name}\0`, found, "latin1");
  return copy;
}
