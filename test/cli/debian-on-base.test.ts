import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { archiveBytes, dockerArchive } from "../../src/archives/docker-archive.ts";
import { parseReference } from "../../src/image/reference.ts";
import { TestMirror } from "../sources/debian/support/test-mirror.ts";
import { imageOf, tarLayer } from "../support/images.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { runHere } from "./support/run-here.ts";
import { workIn } from "./support/work-in.ts";

let mirror: TestMirror;
beforeEach(async () => {
  mirror = await TestMirror.start();
  workIn(temporaryFolder());
  vi.stubEnv("no_proxy", "127.0.0.1");
  vi.stubEnv("VARVE_CACHE_DIR", path.resolve(".varve"));
  fs.writeFileSync("keys.asc", mirror.source().keyrings[0]!);
  await mirror.publish({
    "base-passwd 1": {
      data: {
        "usr/share/base-passwd/passwd.master": "",
        "usr/share/base-passwd/group.master": "",
      },
    },
    "ca-certificates 1": { data: { "./usr/share/ca-certificates/mozilla/A.crt": "A" } },
    "base-files 1": {
      data: { "./bin/": { directory: 0o755 }, "./var/run/": { directory: 0o755 } },
    },
    "app 1": {
      data: {
        "./bin/": { directory: 0o755 },
        "./bin/app": "#!/bin/sh\n",
        "./lib/libapp.so": "elf",
        "./usr/sbin/appd": { hardlink: "./bin/app" },
        "./var/run/app/": { directory: 0o755 },
      },
    },
  });
});
afterEach(async () => {
  await mirror.stop();
  vi.unstubAllEnvs();
});

/** An archive of a base that GNU tar has made of what the function lays down. */
async function makeBase(lay: () => void): Promise<void> {
  fs.mkdirSync("root");
  const before = process.cwd();
  process.chdir("root");
  lay();
  process.chdir(before);
  const tar = execFileSync("tar", ["-C", "root", "-c", "--format=pax", "."]);
  const chunks: Uint8Array[] = [];
  const image = imageOf([tarLayer(tar)]);
  for await (const chunk of archiveBytes(dockerArchive(image, [parseReference("base:1")]))) {
    chunks.push(chunk);
  }
  fs.writeFileSync("base.tar", Buffer.concat(chunks));
}

function program(file: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, "base's");
}

/** What the image on the base has: `path`, or `path -> target`. */
async function built(): Promise<string[]> {
  const debian = { debian: ["app"], mirror: mirror.url, suite: "stable", keyring: "keys.asc" };
  const contents = [debian, { files: [{ to: "/bin/own", content: "" }] }];
  const recipe = { name: "app", platform: "linux/amd64", base: "base.tar", contents };
  fs.writeFileSync("varve.config.json", JSON.stringify(recipe));
  const build = await runHere("build", "--quiet", "-o", "x.tar");
  expect(build).toMatchObject({ status: 0, stderr: "" });
  expect((await runHere("export", "-q", "x.tar", "-o", "root.tar")).status).toBe(0);
  const lines = execFileSync("tar", ["-tvf", "root.tar"], { encoding: "utf8" }).split("\n");
  return lines
    .map((line) => line.split(/\s+/).slice(5).join(" "))
    .filter((line) => !/\/$|\/(?:dpkg|ssl)\/|etc\//.test(line))
    .map((line) => line.replace(/^\.?\//, ""))
    .toSorted();
}

describe("Debian's packages on a base", () => {
  it("whose /usr is not merged leave its folders there, with what is in them", async () => {
    await makeBase(() => {
      ["bin/sh", "sbin/init", "lib/libc.so", "usr/bin/env", "var/run/x.pid"].forEach(program);
    });
    const all = await built();
    expect(all).toEqual(
      expect.arrayContaining([
        "bin/sh",
        "bin/app",
        "bin/own",
        "sbin/init",
        "lib/libc.so",
        "lib/libapp.so",
        "usr/bin/env",
        "var/run/x.pid",
        "var/lock -> /run/lock",
        "lib64 -> usr/lib64",
      ]),
    );
    expect(all.find((line) => line.startsWith("usr/sbin/appd"))).toMatch(
      / link to (?:\.?\/)?bin\/app$/,
    );
    expect(all.filter((line) => /^(?:s?bin|lib|var\/run) ->/.test(line))).toEqual([]);
  });

  it("whose folders are links follow these", async () => {
    await makeBase(() => {
      ["usr/bin/sh", "usr/lib/libc.so"].forEach(program);
      fs.symlinkSync("bin", "usr/sbin");
      fs.symlinkSync("usr/bin", "sbin");
      fs.symlinkSync("usr/bin", "bin");
      fs.symlinkSync("usr/lib", "lib64");
    });
    const all = await built();
    expect(all).toEqual(
      expect.arrayContaining([
        "bin -> usr/bin",
        "sbin -> usr/bin",
        "lib -> usr/lib",
        "lib64 -> usr/lib",
        "usr/sbin -> bin",
        "usr/bin/sh",
        "usr/bin/app",
        "usr/bin/own",
        "usr/lib/libapp.so",
      ]),
    );
    expect(all.some((line) => line.startsWith("usr/bin/appd"))).toBe(true);
  });
});
