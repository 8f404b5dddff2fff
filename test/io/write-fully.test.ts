import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { fileBytes, readAt } from "../../src/io/file-bytes.ts";
import { writeFailure, writeFully, writeFullySync } from "../../src/io/write-fully.ts";
import { closedPipe, openPipe } from "../support/pipe.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const BYTES = Buffer.alloc(3_000_001, "0123456789abcdefghijklmnopqrstuvwxyz-");

/** Reads a pipe to its end, a little at a time. */
async function readSlowly(fd: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  const part = Buffer.alloc(200_000);
  for (;;) {
    await delay(1);
    try {
      const got = fs.readSync(fd, part);
      if (got === 0) return Buffer.concat(parts);
      parts.push(Buffer.from(part.subarray(0, got)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}

describe("writing all bytes", () => {
  it.each([false, true])(
    "into a pipe that is read slowly, non-blocking: %s",
    async (nonBlocking) => {
      const { reader, writer } = openPipe(nonBlocking);
      const read = readSlowly(reader);
      await writeFully(writer, BYTES);
      fs.closeSync(writer);
      expect((await read).equals(BYTES)).toBe(true);
      fs.closeSync(reader);
    },
  );

  it("from a thread that blocks, even into a pipe that does not", async () => {
    const { reader, writer } = openPipe(true);
    const module = path.join(import.meta.dirname, "../../src/io/write-fully.ts");
    const child = spawn(
      process.execPath,
      [
        "-e",
        `import(${JSON.stringify(module)}).then(({ writeFullySync }) =>
           writeFullySync(3, Buffer.alloc(3_000_001, "0123456789abcdefghijklmnopqrstuvwxyz-")))`,
      ],
      { stdio: ["ignore", "inherit", "inherit", writer] },
    );
    fs.closeSync(writer);
    const ended = once(child, "exit");
    expect((await readSlowly(reader)).equals(BYTES)).toBe(true);
    expect(await ended).toEqual([0, null]);
    fs.closeSync(reader);
  });

  it("into a file, from wherever it stands", async () => {
    const file = path.join(temporaryFolder(), "out");
    const fd = fs.openSync(file, "w");
    await writeFully(fd, Buffer.from("one "));
    writeFullySync(fd, Buffer.from("two "));
    await writeFully(fd, new Uint8Array());
    writeFullySync(fd, new Uint8Array());
    await writeFully(fd, Buffer.from("three"));
    fs.closeSync(fd);
    expect(fs.readFileSync(file, "utf8")).toBe("one two three");
  });

  it.each<[string, () => number, string, RegExp]>([
    ["no space is left", () => fs.openSync("/dev/full", "w"), "DESTINATION_FULL", /no space left/],
    ["nobody reads", closedPipe, "DESTINATION_CLOSED", /closed before the image ended/],
    [
      "it is not open for writing",
      () => fs.openSync("/dev/null", "r"),
      "DESTINATION_FAILED",
      /EBADF/,
    ],
  ])("says so when %s", async (_, open, code, message) => {
    const fd = open();
    const expected = {
      code,
      message: expect.stringMatching(message) as string,
      hint: expect.stringMatching(/./) as string,
    };
    await expect(writeFully(fd, BYTES)).rejects.toMatchObject(expected);
    expect(() => writeFullySync(fd, BYTES)).toThrow(expect.objectContaining(expected) as Error);
    fs.closeSync(fd);
  });

  it("takes a full quota for a full disk", () => {
    const error = Object.assign(new Error("EDQUOT"), { code: "EDQUOT" });
    expect(writeFailure(error)).toMatchObject({ code: "DESTINATION_FULL", cause: error });
  });
});

describe("reading a part of a file", () => {
  const FILE = (): string => {
    const file = path.join(temporaryFolder(), "file");
    fs.writeFileSync(file, BYTES);
    return file;
  };

  it.each([
    [0, 0],
    [0, BYTES.length],
    [1, 2_500_000],
    [BYTES.length - 1, 1],
    [BYTES.length - 5, 100],
    [BYTES.length + 5, 100],
  ])("from byte %i, %i bytes", async (offset, size) => {
    const fd = fs.openSync(FILE(), "r");
    const parts: Uint8Array[] = [];
    for await (const part of fileBytes(fd, offset, size)) parts.push(part);
    const expected = BYTES.subarray(offset, offset + size);
    expect(Buffer.concat(parts).equals(expected)).toBe(true);
    expect(readAt(fd, offset, size).equals(expected)).toBe(true);
    fs.closeSync(fd);
  });

  it("fails when it cannot be read", async () => {
    const fd = fs.openSync(temporaryFolder(), "r");
    await expect(fileBytes(fd, 0, 1).next()).rejects.toThrow("EISDIR");
    expect(() => readAt(fd, 0, 1)).toThrow("EISDIR");
    fs.closeSync(fd);
  });
});
