import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { readUnlocked, UnsettledError } from "../../../src/sources/nix/unlocked-read.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const BEFORE = new Date("2020-01-01T00:00:00.5Z");

/** A file that looks as if it had not been touched for years; its change time is only a tick old. */
async function settledFile(): Promise<string> {
  const file = path.join(temporaryFolder(), "db.sqlite");
  fs.writeFileSync(file, "content");
  fs.utimesSync(file, BEFORE, BEFORE);
  await expect.poll(() => isSettled(file)).toBe(true);
  return file;
}

function isSettled(file: string): boolean {
  try {
    return readUnlocked(file, () => true);
  } catch (error) {
    if (error instanceof UnsettledError) return false;
    throw error;
  }
}

/** Things that a writer does, each a sign of its own. */
const SIGNS: Readonly<Record<string, (file: string) => void>> = {
  "new content": (file) => fs.writeFileSync(file, "CONTENT"),
  "new content, but the old time": (file) => {
    fs.writeFileSync(file, "CONTENT");
    fs.utimesSync(file, BEFORE, BEFORE);
  },
  "another file in its place": (file) => {
    fs.writeFileSync(`${file}.new`, "content");
    fs.renameSync(`${file}.new`, file);
  },
  "a log": (file) => fs.writeFileSync(`${file}-wal`, "frames"),
  "a journal": (file) => fs.writeFileSync(`${file}-journal`, "pages"),
};

function fail(): never {
  throw new Error("malformed");
}

describe("reading a database without locks", () => {
  it("gives what was read when nothing happened, whatever empty files lie beside it", async () => {
    const file = await settledFile();
    fs.writeFileSync(`${file}-wal`, "");
    fs.writeFileSync(`${file}-journal`, "");
    expect(readUnlocked(file, () => fs.readFileSync(file, "utf8"))).toBe("content");
  });

  it.each(Object.keys(SIGNS))("notices %s while it reads", async (name) => {
    const file = await settledFile();
    expect(() => readUnlocked(file, () => SIGNS[name]!(file))).toThrow(UnsettledError);
  });

  it.each(Object.keys(SIGNS))("does not trust a file right after %s", async (name) => {
    const file = await settledFile();
    SIGNS[name]!(file);
    expect(isSettled(file)).toBe(false);
  });

  it("takes damage for what a writer did, if there was one", async () => {
    const file = await settledFile();
    expect(() => readUnlocked(file, fail)).toThrow("malformed");
    const writeAndFail = (): never => {
      fs.writeFileSync(file, "CONTENT");
      return fail();
    };
    expect(() => readUnlocked(file, writeAndFail)).toThrow(UnsettledError);
  });
});
