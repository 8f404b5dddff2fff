import * as fs from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { KeptBytes } from "../../src/io/kept-bytes.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

async function allOf(kept: KeptBytes): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of kept.taken()) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe("bytes that are kept", () => {
  it("come back once, and leave nothing behind", async () => {
    const folder = temporaryFolder();
    vi.stubEnv("TMPDIR", folder);
    const kept = new KeptBytes();
    vi.unstubAllEnvs();
    await kept.add(Buffer.from("one "));
    await kept.add(Buffer.from("two"));
    expect(kept.isWhole).toBe(true);
    expect(fs.readdirSync(folder)).toEqual([]);
    expect((await allOf(kept)).toString()).toBe("one two");
    expect(kept.isWhole).toBe(false);
    expect((await allOf(kept)).length).toBe(0);
  });

  it("are none where there is no room for all, and make room when they go", async () => {
    const [first, second] = [new KeptBytes(), new KeptBytes()];
    const chunk = Buffer.alloc(50 << 20);
    await first.add(chunk);
    await second.add(chunk);
    await second.add(chunk);
    expect([first.isWhole, second.isWhole]).toEqual([true, false]);
    const third = new KeptBytes();
    await third.add(chunk);
    expect(third.isWhole).toBe(true);
    first.drop();
    third.drop();
  });

  it("are none where nothing can be written", async () => {
    vi.stubEnv("TMPDIR", "/nowhere");
    const kept = new KeptBytes();
    vi.unstubAllEnvs();
    await kept.add(Buffer.from("x"));
    expect(kept.isWhole).toBe(false);
  });
});
