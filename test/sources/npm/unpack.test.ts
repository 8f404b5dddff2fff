import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { readTarball, writeFiles } from "../../../src/sources/npm/content/unpack.ts";
import { failureOf } from "../../support/failures.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { damage, tarballOf } from "./support/tarball.ts";
import type { TarballFile } from "./support/tarball.ts";

const manifest = (content: object): TarballFile => ({
  name: "package/package.json",
  content: JSON.stringify({ name: "a", version: "1.0.0", ...content }),
});

async function filesOf(files: readonly TarballFile[]): Promise<Record<string, [string, boolean]>> {
  const read = await readTarball(tarballOf(files), "a@1.0.0");
  return Object.fromEntries(
    read.map((file) => [file.path, [file.content.toString(), file.isExecutable]]),
  );
}

describe("a published tarball", () => {
  it("loses its first folder, whatever that is called", async () => {
    const files = await filesOf([
      { name: "anything/lib/a.js", content: "a" },
      { name: "./package/b.js", content: "b", mode: 0o755 },
      { name: "package/", type: "directory", mode: 0o755 },
    ]);
    expect(files).toEqual({ "lib/a.js": ["a", false], "b.js": ["b", true] });
  });

  it("is read without links, as npm reads it", async () => {
    const files = await filesOf([
      { name: "package/a.js" },
      { name: "package/link", type: "symlink", link: "/etc/passwd" },
      { name: "package/hard", type: "hardlink", link: "package/a.js" },
    ]);
    expect(Object.keys(files)).toEqual(["a.js"]);
  });

  it("has commands that run: executable, no carriage return behind the interpreter", async () => {
    const files = await filesOf([
      { name: "package/cli.js", content: "#!/usr/bin/env node\r\nrun();\r\n" },
      { name: "package/other.js", content: "#!/usr/bin/env node\r\nrun();\r\n" },
      manifest({ bin: "./cli.js" }),
    ]);
    expect(files["cli.js"]).toEqual(["#!/usr/bin/env node\nrun();\r\n", true]);
    expect(files["other.js"]).toEqual(["#!/usr/bin/env node\r\nrun();\r\n", false]);
  });

  it("that leads out of its folder is refused", async () => {
    const error = await failureOf(filesOf([{ name: "package/../../evil.js" }]));
    expect(error).toMatchObject({ code: "NPM_TARBALL" });
    expect(error.message).toContain("a@1.0.0");
    expect(error.message).toContain("package/../../evil.js");
  });

  it("that is damaged is refused", async () => {
    const tarball = tarballOf([{ name: "package/a.js", content: "x".repeat(5000) + Math.PI }]);
    expect(await failureOf(readTarball(damage(tarball), "a@1.0.0"))).toMatchObject({
      code: "NPM_TARBALL",
    });
    const cut = tarball.subarray(0, tarball.length - 20);
    expect(await failureOf(readTarball(cut, "a@1.0.0"))).toMatchObject({ code: "NPM_TARBALL" });
    const noTarball = Buffer.from("<html>not here</html>".repeat(50));
    expect(await failureOf(readTarball(noTarball, "a@1.0.0"))).toMatchObject({
      code: "NPM_TARBALL",
    });
  });

  it("is written with two modes", async () => {
    const folder = path.join(temporaryFolder(), "a");
    writeFiles(
      folder,
      await readTarball(
        tarballOf([
          { name: "p/x/a", mode: 0o601 },
          { name: "p/b", mode: 0o666 },
        ]),
        "a",
      ),
    );
    const executable = (file: string): boolean =>
      (fs.statSync(path.join(folder, file)).mode & 0o111) !== 0;
    expect([executable("x/a"), executable("b")]).toEqual([true, false]);
  });
});
