import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { writeWholeFile } from "../../src/destinations/output-file.ts";
import { removeUnfinishedFiles } from "../../src/io/unfinished-files.ts";
import { writeFully } from "../../src/io/write-fully.ts";
import { openPipe } from "../support/pipe.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { failureOf } from "../support/failures.ts";

function text(content: string): (fd: number) => Promise<void> {
  return (fd) => writeFully(fd, Buffer.from(content));
}

async function failing(fd: number): Promise<void> {
  await writeFully(fd, Buffer.from("half"));
  throw new Error("in the middle");
}

describe("a file that is written whole", () => {
  it("is there when all is written, and not before", async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, "image.tar");
    await writeWholeFile(file, async (fd) => {
      await writeFully(fd, Buffer.from("all"));
      expect(fs.existsSync(file)).toBe(false);
      expect(fs.readdirSync(folder)).toEqual([
        expect.stringMatching(/^\.image\.tar\.[0-9a-f]+-\d+\.\d+\.partial$/),
      ]);
    });
    expect(fs.readFileSync(file, "utf8")).toBe("all");
    expect(fs.readdirSync(folder)).toEqual(["image.tar"]);
    expect(fs.statSync(file).mode & 0o777).toBe(0o666 & ~process.umask());
  });

  it("takes the place of what was there", async () => {
    const file = path.join(temporaryFolder(), "image.tar");
    fs.writeFileSync(file, "old and longer");
    await writeWholeFile(file, text("new"));
    expect(fs.readFileSync(file, "utf8")).toBe("new");
  });

  it("is not there at all when something fails, and what was there stays", async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, "image.tar");
    await expect(writeWholeFile(file, failing)).rejects.toThrow("in the middle");
    expect(fs.readdirSync(folder)).toEqual([]);
    fs.writeFileSync(file, "old");
    await expect(writeWholeFile(file, failing)).rejects.toThrow("in the middle");
    expect(fs.readFileSync(file, "utf8")).toBe("old");
    expect(fs.readdirSync(folder)).toEqual(["image.tar"]);
  });

  it("closes its descriptor however it ends", async () => {
    const file = path.join(temporaryFolder(), "image.tar");
    const before = fs.readdirSync("/proc/self/fd").length;
    await writeWholeFile(file, text("x"));
    await expect(writeWholeFile(file, failing)).rejects.toThrow();
    await expect(writeWholeFile("/dev/null", failing)).rejects.toThrow();
    expect(fs.readdirSync("/proc/self/fd").length).toBe(before);
  });

  it("can be written twice at a time: the last one stays, whole", async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, "image.tar");
    const texts = ["a", "b", "c"].map((letter) => letter.repeat(100_000));
    await Promise.all(texts.map((each) => writeWholeFile(file, text(each))));
    expect(texts).toContain(fs.readFileSync(file, "utf8"));
    expect(fs.readdirSync(folder)).toEqual(["image.tar"]);
  });

  it.each([250, 255])("may have a name of %i bytes", async (length) => {
    const file = path.join(temporaryFolder(), "n".repeat(length));
    await writeWholeFile(file, text("x"));
    expect(fs.readFileSync(file, "utf8")).toBe("x");
  });

  it("leaves a symlink, and replaces what it points to", async () => {
    const folder = temporaryFolder();
    const link = path.join(folder, "link");
    fs.mkdirSync(path.join(folder, "sub"));
    fs.writeFileSync(path.join(folder, "sub/real"), "old");
    fs.symlinkSync("sub/real", link);
    await writeWholeFile(link, text("new"));
    expect(fs.readlinkSync(link)).toBe("sub/real");
    expect(fs.readFileSync(path.join(folder, "sub/real"), "utf8")).toBe("new");
    expect(fs.readdirSync(path.join(folder, "sub"))).toEqual(["real"]);
  });

  it("leaves a symlink to nothing, and makes what it points to", async () => {
    const folder = temporaryFolder();
    const link = path.join(folder, "link");
    fs.symlinkSync("real", link);
    await writeWholeFile(link, text("new"));
    expect(fs.readlinkSync(link)).toBe("real");
    expect(fs.readFileSync(path.join(folder, "real"), "utf8")).toBe("new");
  });
});

describe("devices and pipes", () => {
  it("are written to directly", async () => {
    await writeWholeFile("/dev/null", text("x"));
    const { reader, writer } = openPipe();
    await writeWholeFile(`/proc/self/fd/${writer}`, text("through the pipe"));
    expect(fs.readSync(reader, Buffer.alloc(100))).toBe(16);
    fs.closeSync(reader);
    fs.closeSync(writer);
  });

  it("that are full are a full disk", async () => {
    const error = await failureOf(writeWholeFile("/dev/full", text("x")));
    expect(error.code).toBe("DESTINATION_FULL");
    expect(fs.readdirSync("/dev").filter((name) => name.startsWith(".full"))).toEqual([]);
  });
});

describe("a place that cannot be written", () => {
  it.each<[string, (folder: string) => string, RegExp, RegExp]>([
    ["a folder", (folder) => folder, /is a folder$/, /name of a file/],
    ["no folder there", (folder) => `${folder}/no/image.tar`, /folder does not exist$/, /make the/],
    [
      "a file for a folder",
      (folder) => {
        fs.writeFileSync(`${folder}/file`, "");
        return `${folder}/file/image.tar`;
      },
      /not a folder$/,
      /elsewhere/,
    ],
    ["too long a name", (folder) => `${folder}/${"n".repeat(256)}`, /ENAMETOOLONG/, /elsewhere/],
    [
      "a symlink to itself",
      (folder) => {
        fs.symlinkSync("loop", `${folder}/loop`);
        return `${folder}/loop`;
      },
      /ELOOP/,
      /elsewhere/,
    ],
  ])("%s", async (_, make, message, hint) => {
    const folder = temporaryFolder();
    const file = make(folder);
    const before = fs.readdirSync(folder);
    const error = await failureOf(writeWholeFile(file, text("x")));
    expect(error.code).toBe("OUTPUT_UNWRITABLE");
    expect(error.message).toMatch(message);
    expect(error.message.startsWith(file)).toBe(true);
    expect(error.hint).toMatch(hint);
    expect(fs.readdirSync(folder)).toEqual(before);
  });

  it("one that became a folder meanwhile", async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, "image.tar");
    const error = await failureOf(
      writeWholeFile(file, async (fd) => {
        await text("x")(fd);
        fs.mkdirSync(file);
      }),
    );
    expect(error.code).toBe("OUTPUT_UNWRITABLE");
    expect(fs.readdirSync(folder)).toEqual(["image.tar"]);
  });

  it.skipIf(process.getuid?.() !== 0)("a folder where others may write, and this user not", () => {
    const folder = temporaryFolder();
    fs.chmodSync(folder, 0o755);
    const module = path.join(import.meta.dirname, "../../src/destinations/output-file.ts");
    const script = `
      import { writeWholeFile } from ${JSON.stringify(module)};
      process.setuid(65534);
      await writeWholeFile(${JSON.stringify(`${folder}/image.tar`)}, async () => {}).catch((error) => {
        console.log(error.code, error.message, error.hint);
      });
    `;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    expect(stdout).toBe(
      `OUTPUT_UNWRITABLE ${folder}/image.tar cannot be written: permission denied ` +
        "write elsewhere, or as a user who may write there\n",
    );
  });
});

describe("an interruption", () => {
  it("removes what is begun, and nothing else", async () => {
    const folder = temporaryFolder();
    fs.writeFileSync(path.join(folder, "other"), "");
    await writeWholeFile(path.join(folder, "done"), text("x"));
    await expect(
      writeWholeFile(path.join(folder, "begun"), async (fd) => {
        await text("x")(fd);
        removeUnfinishedFiles();
        expect(fs.readdirSync(folder)).toEqual(["done", "other"]);
        removeUnfinishedFiles();
      }),
    ).rejects.toMatchObject({ code: "OUTPUT_UNWRITABLE" });
    expect(fs.readdirSync(folder)).toEqual(["done", "other"]);
  });
});
