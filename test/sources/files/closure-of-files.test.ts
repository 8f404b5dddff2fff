import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { closureOfFiles } from "../../../src/sources/files/closure-of-files.ts";
import type { FilesContents } from "../../../src/sources/files/closure-of-files.ts";
import type { FilesDeclaration } from "../../../src/sources/files/declaration.ts";
import { readMembers } from "../../../src/tar/reader.ts";
import { tarOf } from "../../packing/support/layers.ts";
import { failureOf } from "../../support/failures.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const COMMON = { uid: 0, gid: 0, uname: "root", gname: "root", mtime: 1 };

/** A project's folder with these files; `target@` makes a symlink, `/` at the end a folder. */
function project(files: Readonly<Record<string, string>>): string {
  const root = temporaryFolder();
  fill(root, files);
  return root;
}

function fill(root: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(root, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    if (name.endsWith("/")) fs.mkdirSync(file, { recursive: true });
    else if (content.endsWith("@")) fs.symlinkSync(content.slice(0, -1), file);
    else fs.writeFileSync(file, content);
  }
}

function contentsOf(
  root: string,
  declarations: readonly FilesDeclaration[],
  cacheFolder?: string,
): Promise<FilesContents> {
  return closureOfFiles(declarations, {
    project: root,
    ...(cacheFolder === undefined ? { ignoreRemembered: true } : { cacheFolder }),
  });
}

function tarOfAll(contents: FilesContents): Buffer {
  const ids = contents.closure.components.map(({ id }) => id);
  return tarOf(contents.specOf(ids, COMMON).spec);
}

/** `mode uid:gid name content` of every entry. */
function listing(tar: Buffer): string[] {
  const members = readMembers((at, length) => tar.subarray(at, at + length));
  return [...members].map(({ name, mode, owner, link, offset, size }) => {
    const what = link === "" ? tar.toString("latin1", offset, offset + size) : `-> ${link}`;
    return `${mode.toString(8)} ${owner.uid}:${owner.gid} ${name} ${what}`.trimEnd();
  });
}

async function listed(
  files: Readonly<Record<string, string>>,
  ...declarations: readonly FilesDeclaration[]
): Promise<string[]> {
  return listing(tarOfAll(await contentsOf(project(files), declarations)));
}

async function failure(
  files: Readonly<Record<string, string>>,
  ...declarations: readonly FilesDeclaration[]
): Promise<{ code: string; message: string; hint: string | undefined }> {
  const { code, message, hint } = await failureOf(contentsOf(project(files), declarations));
  expect(hint).toBeTruthy();
  return { code, message, hint };
}

describe("what goes in", () => {
  const files = {
    "src/a.ts": "a",
    "src/a.test.ts": "t",
    "src/deep/b.ts": "b",
    "src/deep/empty/": "",
    "src/node_modules/m/x": "m",
    "src/.git/config": "g",
    "src/logo.png": "p",
    "src/link": "deep/b.ts@",
  };

  it("is a folder without .git and node_modules, with modes that do not depend on umask", async () => {
    expect(await listed(files, { from: "src", to: "/app" })).toEqual([
      "755 0:0 /app/",
      "644 0:0 /app/a.test.ts t",
      "644 0:0 /app/a.ts a",
      "755 0:0 /app/deep/",
      "644 0:0 /app/deep/b.ts b",
      "755 0:0 /app/deep/empty/",
      "777 0:0 /app/link -> deep/b.ts",
      "644 0:0 /app/logo.png p",
    ]);
  });

  it("is what patterns include and do not exclude", async () => {
    const include = ["*.ts", "/node_modules"];
    const exclude = ["*.test.ts", "!node_modules"];
    expect(await listed(files, { from: "src", to: "/srv/app/", include, exclude })).toEqual([
      "755 0:0 /srv/",
      "755 0:0 /srv/app/",
      "644 0:0 /srv/app/a.ts a",
      "755 0:0 /srv/app/deep/",
      "644 0:0 /srv/app/deep/b.ts b",
      "755 0:0 /srv/app/node_modules/",
      "755 0:0 /srv/app/node_modules/m/",
      "644 0:0 /srv/app/node_modules/m/x m",
    ]);
  });

  it("is one file, under another name or in a folder", async () => {
    expect(
      await listed(
        files,
        { from: "src/a.ts", to: "/main", mode: "0755", owner: "7:8" },
        { from: "src/a.ts", to: "/etc/" },
      ),
    ).toEqual(["755 0:0 /etc/", "644 0:0 /etc/a.ts a", "755 7:8 /main a"]);
  });

  it("is generated, too", async () => {
    expect(
      await listed(
        {},
        { to: "/etc/motd", content: "hé" },
        { to: "/bin/sh", symlink: "/usr/bin/dash" },
        { to: "/tmp", directory: true, mode: "1777" },
        { to: "/data/cache", directory: true, owner: { uid: 5, gid: 6, uname: "u" } },
      ),
    ).toEqual([
      "755 0:0 /bin/",
      "777 0:0 /bin/sh -> /usr/bin/dash",
      "755 0:0 /data/",
      "755 5:6 /data/cache/",
      "755 0:0 /etc/",
      "644 0:0 /etc/motd h\u{c3}\u{a9}",
      "1777 0:0 /tmp/",
    ]);
  });

  it("has owners, modes and capabilities by pattern", async () => {
    const contents = await contentsOf(
      project({ "bin/server": "s", "bin/su": "u", "bin/d/x": "x" }),
      [
        {
          from: "bin",
          to: "/bin",
          owner: "1:1",
          attributes: [
            { match: "s*", mode: "0755" },
            { match: "su", mode: "4755", owner: "0:0" },
            { match: "server", capabilities: "cap_net_bind_service=+ep" },
            { match: "d/", mode: "1777" },
          ],
        },
      ],
    );
    const tar = tarOfAll(contents);
    expect(listing(tar)).toEqual([
      "755 1:1 /bin/",
      "1777 1:1 /bin/d/",
      "644 1:1 /bin/d/x x",
      "755 1:1 /bin/server s",
      "4755 0:0 /bin/su u",
    ]);
    const members = [...readMembers((at, length) => tar.subarray(at, at + length))];
    const { xattrs } = members.find(({ name }) => name === "/bin/server")!;
    expect(Buffer.from(xattrs!["security.capability"]!, "latin1").toString("hex")).toBe(
      "0100000200040000000000000000000000000000",
    );
  });

  it("merges where two declarations agree", async () => {
    const both = [
      { from: "src", to: "/app" },
      { from: "src/deep", to: "/app/deep" },
    ];
    expect(await listed(files, ...both)).toEqual(await listed(files, both[0]!));
  });
});

describe("components", () => {
  it("are the declarations, named by their place", async () => {
    const root = project({ "a/x": "12345", "b/y": "" });
    const { closure } = await contentsOf(root, [
      { from: "a", to: "/app/" },
      { from: "b", to: "/app" },
      { to: "/etc/x", content: "123" },
      { from: "b", to: "/" },
    ]);
    expect(closure.components.map(({ id, size }) => [id, size])).toEqual([
      ["files:/", 0],
      ["files:/app", 5],
      ["files:/app (b)", 0],
      ["files:/etc/x", 3],
    ]);
  });

  it("a folder that another declares is the same in every layer", async () => {
    const root = project({ "d/x": "x" });
    const contents = await contentsOf(root, [
      { to: "/data", directory: true, mode: "0700", owner: "9:9" },
      { from: "d", to: "/data/in/d" },
    ]);
    const { spec } = contents.specOf(["files:/data/in/d"], COMMON);
    expect(listing(tarOf(spec))).toEqual([
      "700 9:9 /data/",
      "755 0:0 /data/in/",
      "755 0:0 /data/in/d/",
      "644 0:0 /data/in/d/x x",
    ]);
  });

  it("have hashes and keys of their content alone", async () => {
    const files = { "a/x": "1", "a/d/y": "2" };
    const declared = [{ from: "a", to: "/app" }];
    const keys = async (root: string, own: FilesDeclaration[] = declared): Promise<string[]> => {
      const contents = await contentsOf(root, own);
      const { id, contentHash } = contents.closure.components[0]!;
      return [contentHash!, contents.specOf([id], COMMON).contentKey!];
    };
    const [one, two] = [project(files), project({ "a/d/y": "2", "a/x": "1" })];
    fs.utimesSync(`${two}/a/x`, 5, 5);
    fs.chmodSync(`${two}/a/x`, 0o600);
    expect(await keys(two)).toEqual(await keys(one));
    const others = [
      await keys(one),
      await keys(project({ ...files, "a/x": "2" })),
      await keys(project({ ...files, "a/z": "" })),
      await keys(project({ ...files, "a/z/": "" })),
      await keys(project({ "a/y": "1", "a/d/y": "2" })),
      await keys(one, [{ from: "a", to: "/b" }]),
      await keys(one, [{ from: "a", to: "/app", owner: "1:1" }]),
      await keys(one, [{ from: "a", to: "/app", exclude: ["x"] }]),
      await keys(one, [{ from: "a", to: "/app", attributes: [{ match: "x", mode: "0755" }] }]),
    ];
    expect(new Set(others.map(([hash]) => hash)).size).toBe(others.length);
    expect(new Set(others.map(([, key]) => key)).size).toBe(others.length);
    fs.chmodSync(`${two}/a/x`, 0o700);
    expect(await keys(two)).not.toEqual(await keys(one));
  });

  it("make the same bytes whatever umask, order of names on disk and place", async () => {
    const names = Array.from({ length: 50 }, (_, index) => `f${index * 7919}`);
    const tars: Buffer[] = [];
    for (const [umask, order] of [
      [0o000, names],
      [0o077, names.toReversed()],
    ] as const) {
      const root = temporaryFolder();
      const script = `umask ${umask.toString(8)}; mkdir -p s/d; for n in ${order.join(" ")}; do echo $n > s/d/$n; done; chmod +x s/d/f0`;
      execFileSync("sh", ["-c", script], { cwd: root });
      tars.push(tarOfAll(await contentsOf(root, [{ from: "s", to: "/s" }])));
    }
    expect(tars[0]!.equals(tars[1]!)).toBe(true);
  });

  it("a file that changes after it was looked at is not packed under the old key", async () => {
    const root = project({ "a/x": "before" });
    const contents = await contentsOf(root, [{ from: "a", to: "/a" }]);
    const before = fs.statSync(`${root}/a/x`).ctimeMs;
    do fs.writeFileSync(`${root}/a/x`, "after!");
    while (fs.statSync(`${root}/a/x`).ctimeMs === before);
    const error = await failureOf(() => Promise.resolve(tarOfAll(contents)));
    expect(error.code).toBe("PACK_CHANGED");
    expect(error.message).toContain(`${root}/a/x`);
  });
});

describe("what is refused", () => {
  it("a path outside the project, however it gets there", async () => {
    expect(await failure({}, { from: "../x", to: "/x" })).toMatchObject({ code: "FILES_OUTSIDE" });
    expect(await failure({}, { from: "/etc/passwd", to: "/x" })).toMatchObject({
      code: "FILES_OUTSIDE",
      message: "files[0] (/etc/passwd → /x): /etc/passwd lies outside the project",
    });
    expect(await failure({ out: "/etc@" }, { from: "out", to: "/x" })).toMatchObject({
      code: "FILES_OUTSIDE",
      message: "files[0] (out → /x): out lies outside the project: it is /etc",
    });
  });

  it("what is not there", async () => {
    expect(await failure({}, { to: "/a", content: "" }, { from: "dist", to: "/x" })).toMatchObject({
      code: "FILES_MISSING",
      message: "files[1] (dist → /x): there is no dist in the project",
    });
  });

  it("symlinks that leave the image, or lead to a place on this machine", async () => {
    const d = { from: "d", to: "/a/b" };
    expect((await failure({ "d/l": "/usr/bin/node@" }, d)).message).toMatch(
      /d\/l is a symlink to \/usr\/bin\/node, a place on this machine$/,
    );
    expect((await failure({ "d/l": "../../../x@" }, d)).message).toMatch(
      /d\/l is a symlink to ..\/..\/..\/x, which leaves the image from \/a\/b\/l$/,
    );
    expect((await failure({}, { to: "/l", symlink: "../x" })).code).toBe("FILES_SYMLINK");
    expect((await failure({}, { to: "/l", symlink: "/../x" })).code).toBe("FILES_SYMLINK");
    expect(await listed({ "d/l": "../../x@", "d/k": "/usr@" }, { ...d, symlinks: "any" })).toEqual([
      "755 0:0 /a/",
      "755 0:0 /a/b/",
      "777 0:0 /a/b/k -> /usr",
      "777 0:0 /a/b/l -> ../../x",
    ]);
  });

  it("two that place different things at one path, both named", async () => {
    const files = { "a/x": "1", "b/x": "2", "c/x": "1" };
    const a = { from: "a", to: "/p" };
    expect(await failure(files, a, { from: "b", to: "/p" })).toMatchObject({
      code: "FILES_CONFLICT",
      message:
        "/p/x is placed twice, by files[0] (a → /p) and by files[1] (b → /p): different content",
    });
    expect((await failure(files, a, { from: "c", to: "/p", owner: "1:1" })).message).toContain(
      "different modes, owners or capabilities",
    );
    expect((await failure(files, a, { to: "/p/x", symlink: "y" })).message).toContain(
      "a file and a symlink",
    );
    expect((await failure(files, a, { to: "/p/x/y", content: "" })).message).toContain(
      "/p/x is placed twice, by files[0] (a → /p) and by files[1] (/p/x/y): a file and a folder",
    );
  });

  it.each<[string, FilesDeclaration, RegExp]>([
    ["no place", { to: "etc/x", content: "" }, /"etc\/x" is no place/],
    ["a place above", { to: "/a/../b", content: "" }, /no place/],
    ["a file as the root", { to: "/", content: "" }, /root of an image/],
    ["a mode in words", { to: "/x", content: "", mode: "u+x" }, /"u\+x" is no mode/],
    ["a mode that is too long", { to: "/x", content: "", mode: "100755" }, /no mode/],
    ["an owner by name", { to: "/x", content: "", owner: "www-data" }, /no owner/],
    ["an owner beyond all", { to: "/x", content: "", owner: "4294967295" }, /no number/],
    ["a folder's capability", { from: "d", to: "/d", capabilities: "cap_kill=p" }, /only files/],
    ["a misspelt capability", { to: "/x", content: "", capabilities: "cap_kil=p" }, /cap_kil/],
    ["an empty symlink", { to: "/x", symlink: "" }, /needs a target/],
    ["a wrong pattern", { from: "d", to: "/d", exclude: ["[a"] }, /"\[a"/],
  ])("%s", async (_, declaration, message) => {
    const error = await failure({ "d/f": "" }, declaration);
    expect(error.code).toBe("FILES_INVALID");
    expect(error.message).toMatch(message);
  });

  it("patterns that match nothing where something was meant", async () => {
    const files = { "d/f": "" };
    const d = { from: "d", to: "/d" };
    expect(await failure(files, { ...d, include: ["dist/**"] })).toMatchObject({
      code: "FILES_EMPTY",
    });
    const attributes = [{ match: "g", mode: "0755" }];
    expect(await failure(files, { ...d, attributes })).toMatchObject({
      code: "FILES_UNMATCHED",
      message: 'files[0] (d → /d): the attributes for "g" match nothing',
    });
  });

  it("sockets and pipes, and names that would delete", async () => {
    const root = project({ "d/": "" });
    execFileSync("mkfifo", [`${root}/d/pipe`]);
    const d = [{ from: "d", to: "/d" }];
    expect(await failureOf(contentsOf(root, d))).toMatchObject({ code: "FILES_UNSUPPORTED" });
    await contentsOf(root, [{ ...d[0]!, exclude: ["pipe"] }]);
    expect(await failure({ "d/.wh.x": "" }, d[0]!)).toMatchObject({ code: "FILES_UNSUPPORTED" });
  });

  it("a file that may not be read, by its name", () => {
    const root = project({ "d/secret": "s" });
    fs.chmodSync(root, 0o755);
    fs.chmodSync(`${root}/d/secret`, 0);
    const file = path.join(import.meta.dirname, "../../../src/sources/files/closure-of-files.ts");
    const script = `
      import { closureOfFiles } from ${JSON.stringify(file)};
      if (process.getuid() === 0) process.setuid(65534);
      await closureOfFiles([{ from: "d", to: "/d" }], { project: ${JSON.stringify(root)}, ignoreRemembered: true })
        .catch((error) => console.log(error.code, error.message));`;
    const args = ["--input-type=module", "-e", script];
    const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(stdout).toBe(
      `FILES_UNREADABLE ${fs.realpathSync(root)}/d/secret cannot be read: permission denied\n`,
    );
  });
});
