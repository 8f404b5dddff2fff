import { execFile } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { VARVE } from "../support/run-varve.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

interface Said {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

/** Runs varve in the test's folder, with a cache of the test's own. */
function varve(...args: readonly string[]): Promise<Said> {
  const env = {
    ...process.env,
    VARVE_CACHE_DIR: path.join(folder, ".varve"),
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [VARVE, ...args], { cwd: folder, env }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

function write(files: Readonly<Record<string, string | object>>): void {
  for (const [file, content] of Object.entries(files)) {
    const whole = path.join(folder, file);
    fs.mkdirSync(path.dirname(whole), { recursive: true });
    fs.writeFileSync(whole, typeof content === "string" ? content : JSON.stringify(content));
  }
}

function recipe(...contents: readonly object[]): object {
  return { name: "app", platform: "linux/amd64", contents };
}

/** What the user is told, places of the test's own aside. */
function refusal({ status, stdout, stderr }: Said): string {
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  return stderr.replaceAll(folder, "FOLDER");
}

function build(...args: readonly string[]): Promise<Said> {
  return varve("build", "-q", "-o", "x.tar", ...args);
}

function manifest(more: object = {}): object {
  return { name: "app", main: "main.js", ...more };
}

function lockfile(packages: object): object {
  return { name: "app", lockfileVersion: 3, packages };
}

describe("a Node project is refused", () => {
  const ms = { version: "2.1.3", integrity: `sha512-${"A".repeat(86)}==` };

  beforeEach(() => {
    write({ "main.js": "", "varve.config.json": recipe({ npm: "." }) });
  });

  it("without a lockfile", async () => {
    write({ "package.json": manifest() });
    expect(refusal(await varve("plan"))).toMatchInlineSnapshot(`
      "varve: FOLDER has no lockfile
      varve: hint: an image is made of exactly what a lockfile pins; make one: npm install
      "
    `);
  });

  it("whose lockfile is out of step with package.json", async () => {
    write({
      "package.json": manifest({ dependencies: { ms: "^2.0.0" } }),
      "package-lock.json": lockfile({ "": {} }),
    });
    expect(refusal(await varve("plan"))).toMatchInlineSnapshot(`
      "varve: FOLDER/package-lock.json is out of step: package.json asks for ms, which the lockfile does not have
      varve: hint: renew it: npm install --package-lock-only
      "
    `);
  });

  it("that is installed in other versions than its lockfile pins", async () => {
    write({
      "package.json": manifest({ dependencies: { ms: "^2.0.0" } }),
      "package-lock.json": lockfile({
        "": { dependencies: { ms: "^2.0.0" } },
        "node_modules/ms": ms,
      }),
      "node_modules/ms/package.json": { name: "ms", version: "2.1.2" },
    });
    expect(refusal(await varve("plan"))).toMatchInlineSnapshot(`
      "varve: FOLDER/node_modules is out of step: FOLDER/node_modules/ms holds ms@2.1.2, the lockfile has ms@2.1.3
      varve: hint: install what the lockfile pins: npm ci
      "
    `);
  });

  it("that has a symlink out of it", async () => {
    write({ "package.json": manifest(), "package-lock.json": lockfile({ "": {} }) });
    fs.symlinkSync("../../etc/passwd", path.join(folder, "users"));
    expect(refusal(await varve("plan"))).toMatchInlineSnapshot(`
      "varve: FOLDER/users is a symlink to ../../etc/passwd, outside of the project
      varve: hint: put the file itself there, link relatively within the project, or leave it out (.dockerignore)
      "
    `);
  });

  it("at the place of another", async () => {
    write({
      "varve.config.json": recipe({ npm: "a" }, { npm: "b" }),
    });
    expect(refusal(await varve("plan"))).toMatchInlineSnapshot(`
      "varve: two Node projects go to /app: FOLDER/a and FOLDER/b
      varve: hint: give one of them another place: "to"
      "
    `);
  });
});

describe("files are refused", () => {
  it.each<[string, object[], string]>([
    [
      "from outside of the project",
      [{ files: { from: "../secret", to: "/x" } }],
      "files[0] (../secret → /x): ../secret lies outside the project",
    ],
    [
      "that lead out of the image",
      [{ files: { from: "linked", to: "/x" } }],
      "FOLDER/linked/users is a symlink to /etc/passwd, a place on this machine",
    ],
    [
      "twice at one place, in one entry",
      [
        {
          files: [
            { to: "/x", content: "a" },
            { to: "/x", content: "b" },
          ],
        },
      ],
      "/x is placed twice, by files[0] (/x) and by files[1] (/x): different content",
    ],
    [
      "twice at one place, in two entries",
      [{ files: { to: "/x", content: "a" } }, { files: { to: "/x/", symlink: "b" } }],
      "/x is placed twice, by contents[0] and by contents[1]: a generated file and a symlink to b",
    ],
    [
      "of which two folders have different ones at one place",
      [
        {
          files: [
            { from: "one", to: "/x" },
            { from: "two", to: "/x" },
          ],
        },
      ],
      "/x/file is placed twice, by files[0] (one → /x) and by files[1] (two → /x): different content",
    ],
  ])("%s", async (_, contents, message) => {
    write({
      "one/file": "1",
      "two/file": "2",
      "linked/a": "",
      "varve.config.json": recipe(...contents),
    });
    fs.symlinkSync("/etc/passwd", path.join(folder, "linked/users"));
    expect(refusal(await build())).toContain(message);
    expect(fs.existsSync(path.join(folder, "x.tar"))).toBe(false);
  });
});
