import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { archiveBytes, dockerArchive } from "../../src/archives/docker-archive.ts";
import { parseReference } from "../../src/image/reference.ts";
import { closureOfFiles } from "../../src/sources/files/closure-of-files.ts";
import type { CopiedFiles } from "../../src/sources/files/declaration.ts";
import type { Owner, Xattrs } from "../../src/tar/entry.ts";
import { readMembers } from "../../src/tar/reader.ts";
import { tarOf } from "../packing/support/layers.ts";
import { arbitraryTree, createTree } from "../support/arbitrary-tree.ts";
import { imageOf, tarLayer } from "../support/images.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { absent } from "./support/absent.ts";
import { dockerdAbsent, startDockerd } from "./support/dockerd.ts";
import type { TestDockerd } from "./support/dockerd.ts";
import { runWith } from "./support/run.ts";

const COMMON = { uid: 0, gid: 0, uname: "root", gname: "root", mtime: 1 };
const TYPES: Readonly<Record<string, string>> = { "0": "file", "2": "symlink", "5": "directory" };

/** The tar of each declaration, as a layer of its own. */
async function layersOf(
  root: string,
  declarations: Parameters<typeof closureOfFiles>[0],
): Promise<Buffer[]> {
  const contents = await closureOfFiles(declarations, { project: root, ignoreRemembered: true });
  return contents.closure.components.map(({ id }) => tarOf(contents.specOf([id], COMMON).spec));
}

interface PythonMember extends Owner {
  readonly name: string;
  readonly type: string;
  readonly mode: number;
  readonly xattrs: Readonly<Record<string, string>>;
}

function summaryOf({ type, mode, uid, gid, uname, gname, xattrs }: PythonMember): string {
  return JSON.stringify([type, mode, uid, gid, uname, gname, xattrs]);
}

function inHex(xattrs: Xattrs = {}): Record<string, string> {
  const entries = Object.entries(xattrs);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Buffer.from(value, "latin1").toString("hex")]),
  );
}

/** Where the shell finds a program. */
function found(name: string): string {
  return execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();
}

describe.skipIf(absent(["python3"]))("Python's tarfile", () => {
  const script = path.join(import.meta.dirname, "support/read-attributes.py");

  it("reads the owners, modes and attributes that were declared, of any tree", async () => {
    const root = temporaryFolder();
    let run = 0;
    const declared = fc.record({
      owner: fc.constantFrom("0:0", "1000:1001", "2097152:4294967294"),
      modes: fc.constantFrom<CopiedFiles["modes"]>("as-is", "normalised"),
      attributes: fc.constantFrom<CopiedFiles["attributes"]>(
        [],
        [{ match: "declared", mode: "6711", owner: "7:8", capabilities: "cap_kill=ep all=i+e" }],
        [{ match: "declared", capabilities: "cap_net_raw=p cap_bpf=i" }],
      ),
    });
    await fc.assert(
      fc.asyncProperty(arbitraryTree(2), declared, async (node, rules) => {
        run += 1;
        const folder = `${run}`;
        fs.mkdirSync(`${root}/${folder}`);
        createTree(`${root}/${folder}/tree`, node);
        fs.writeFileSync(`${root}/${folder}/declared`, "d");
        const declaration = { from: folder, to: "/srv", symlinks: "any", ...rules } as const;
        // Targets that lead out of the image are refused, of which other tests tell.
        const layers = await layersOf(root, [declaration]).catch((error: unknown) => {
          expect(error).toMatchObject({ code: "FILES_SYMLINK" });
        });
        const tar = layers?.[0];
        if (tar === undefined) return;
        const output = await runWith("python3", [script], tar);
        const python = JSON.parse(output.toString("utf8")) as PythonMember[];
        const own = [...readMembers((at, length) => tar.subarray(at, at + length))];
        // Names that are not UTF-8 cross JSON in another form, so names are left out.
        expect(python.map(summaryOf)).toEqual(
          own.map(({ typeFlag, mode, owner, xattrs }) =>
            summaryOf({ type: TYPES[typeFlag]!, mode, ...owner, xattrs: inHex(xattrs), name: "" }),
          ),
        );
        const file = python.find(({ name }) => name === "/srv/declared");
        const special = rules.attributes!.length > 0 && rules.attributes![0]!.mode !== undefined;
        expect(file?.mode).toBe(special ? 0o6711 : 0o644);
        expect(`${file?.uid}:${file?.gid}`).toBe(special ? "7:8" : rules.owner);
      }),
      { numRuns: 25 },
    );
  });
});

const programs = ["busybox", "getcap", "ldd"];

describe.skipIf(absent(programs) || dockerdAbsent())("in a container", () => {
  let engine: TestDockerd;
  let root: string;

  beforeAll(async () => {
    engine = await startDockerd();
    root = fs.mkdtempSync(path.join(engine.folder, "project-"));
    const copy = (from: string, to: string): void => {
      fs.mkdirSync(path.dirname(path.join(root, to)), { recursive: true });
      fs.copyFileSync(from, path.join(root, to));
      fs.chmodSync(path.join(root, to), 0o700);
    };
    copy(found("busybox"), "bin/busybox");
    copy(found("busybox"), "able/chown");
    copy(found("busybox"), "unable/chown");
    copy(found("getcap"), "rootfs/bin/getcap");
    const libraries = execFileSync("ldd", [found("getcap")], { encoding: "utf8" });
    for (const [library] of libraries.matchAll(/\/\S+/g)) copy(library, `rootfs${library}`);
    fs.writeFileSync(path.join(root, "bin/tool"), "#!/bin/busybox true\n", { mode: 0o600 });
  });
  afterAll(() => engine?.stop());

  it("modes, owners, capabilities, symlinks and folders are as declared", async () => {
    const layers = await layersOf(root, [
      {
        from: "bin",
        to: "/bin",
        attributes: [{ match: "tool", mode: "4755", owner: "0:5" }],
      },
      {
        from: "able",
        to: "/able",
        attributes: [{ match: "chown", capabilities: "cap_chown=+ep" }],
      },
      { from: "unable", to: "/unable" },
      { from: "rootfs", to: "/" },
      { to: "/bin/sh", symlink: "/bin/busybox" },
      { to: "/tmp", directory: true, mode: "1777" },
      { to: "/data", directory: true, mode: "0750", owner: "1000:1001" },
      { to: "/data/deep/file", content: "héllo\n", owner: "1000:1000" },
      { to: "/etc/passwd", content: "root:x:0:0::/:/bin/sh\n" },
    ]);
    const image = imageOf(layers.map((tar) => tarLayer(tar)));
    const archive = archiveBytes(dockerArchive(image, [parseReference("files:test")]));
    await runWith("docker", ["load"], archive, { env: engine.env });
    const inside = (user: string, command: string): Promise<string> =>
      engine.docker("run", "--rm", "--user", user, "files:test", "/bin/sh", "-c", command);

    expect(
      await inside("0", "/bin/busybox stat -c '%a %u:%g %n' /bin/tool /tmp /data /bin/busybox"),
    ).toBe("4755 0:5 /bin/tool\n1777 0:0 /tmp\n750 1000:1001 /data\n755 0:0 /bin/busybox");
    expect(await inside("1000:1001", "/bin/busybox cat /data/deep/file")).toBe("héllo");
    expect(await inside("0", "/bin/getcap /able/chown /unable/chown")).toBe(
      "/able/chown cap_chown=ep",
    );
    // The kernel counts them, too: an ordinary user gives a file away.
    const give = (program: string): Promise<string> =>
      inside(
        "1000:1000",
        `echo > /tmp/f; /${program}/chown 7:7 /tmp/f; /bin/busybox stat -c %u /tmp/f`,
      );
    expect(await give("able")).toBe("7");
    expect(await give("unable")).toBe("1000");
  });
});
