import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HeaderWriter, paddingOf } from "../../src/tar/header.ts";
import { readMembers } from "../../src/tar/reader.ts";
import { streamMembers } from "../../src/tar/stream-reader.ts";
import { failureOf } from "../support/failures.ts";
import { END_OF_ARCHIVE } from "./support/raw-tar.ts";

const WRITER = new HeaderWriter({ uid: 0, gid: 0, uname: "", gname: "", mtime: 1 });

function archiveOf(files: ReadonlyArray<readonly [name: string, content: Uint8Array]>): Buffer {
  const parts = files.flatMap(([name, content]) => [
    WRITER.bytes({ name, type: "file", mode: 0o644, size: content.length, link: "" }),
    content,
    new Uint8Array(paddingOf(content.length)),
  ]);
  return Buffer.concat([...parts, END_OF_ARCHIVE]);
}

async function* inChunks(bytes: Buffer, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function readStream(
  chunks: AsyncIterable<Uint8Array>,
  takes: (index: number) => boolean = () => true,
): Promise<Array<[string, string | undefined]>> {
  const found: Array<[string, string | undefined]> = [];
  for await (const { member, content } of streamMembers(chunks)) {
    const pieces: Buffer[] = [];
    if (takes(found.length)) for await (const piece of content()) pieces.push(Buffer.from(piece));
    else {
      found.push([member.name, undefined]);
      continue;
    }
    found.push([member.name, Buffer.concat(pieces).toString("hex")]);
  }
  return found;
}

describe("a tar that is read as it comes", () => {
  const arbitraryFile = fc.tuple(
    fc.oneof(
      fc.stringMatching(/^[a-z]{1,20}$/),
      fc.integer({ min: 95, max: 300 }).map((length) => "n".repeat(length)),
    ),
    fc.uint8Array({ maxLength: 2000 }),
  );

  it("has the members and contents that it has as a file, however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(arbitraryFile, { maxLength: 5 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 0, max: 31 }),
        async (files, length, taken) => {
          const archive = archiveOf(files);
          const takes = (index: number): boolean => (taken & (1 << index)) !== 0;
          const members = [...readMembers((at, count) => archive.subarray(at, at + count))];
          expect(await readStream(inChunks(archive, length), takes)).toEqual(
            members.map(({ name, offset, size }, index) => [
              name,
              takes(index) ? archive.toString("hex", offset, offset + size) : undefined,
            ]),
          );
        },
      ),
    );
  });

  it.each([0, 100, 512 + 3])("says so when it ends early, at byte %i of a file", async (at) => {
    const archive = archiveOf([["a", new Uint8Array(1000)]]);
    const error = await failureOf(readStream(inChunks(archive.subarray(0, 512 + at), 300)));
    expect(error).toMatchObject({ code: "TAR_DAMAGED" });
  });

  it("lets go of its source when it is not read to the end", async () => {
    let isOpen = true;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield archiveOf([["a", new Uint8Array(9)]]);
        yield archiveOf([]);
      } finally {
        isOpen = false;
      }
    }
    for await (const { member } of streamMembers(source())) {
      expect(member.name).toBe("a");
      break;
    }
    expect(isOpen).toBe(false);
  });
});
