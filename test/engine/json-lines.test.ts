import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonLines } from "../../src/engine/json-lines.ts";

describe("jsonLines", () => {
  it("finds the same values however the bytes are cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.json({ maxDepth: 2 })),
        fc.constantFrom("\n", "\r\n", "\n\n"),
        fc.boolean(),
        fc.array(fc.nat(40)),
        async (lines, ending, ended, cuts) => {
          const text = lines.join(ending) + (ended ? ending : "");
          const values = await collect(cut(Buffer.from(text), cuts));
          expect(values).toEqual(lines.map((line) => JSON.parse(line) as unknown));
        },
      ),
    );
  });

  it("keeps a character that is cut in two", async () => {
    const bytes = Buffer.from('{"status":"größer ✓"}\n');
    expect(await collect(cut(bytes, [1]))).toEqual([{ status: "größer ✓" }]);
  });

  it("refuses what is not JSON and shows its beginning", async () => {
    await expect(collect(cut(Buffer.from("{}\n<html>no</html>\n"), []))).rejects.toThrow(
      "not a line of JSON: <html>no</html>",
    );
  });

  it("refuses a line without an end", async () => {
    await expect(collect(endless())).rejects.toThrow("a line without an end");
  });
});

/** Pieces of the given lengths, over and over; single bytes if there are none. */
async function* cut(bytes: Uint8Array, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let from = 0, piece = 0; from < bytes.length; piece += 1) {
    const length = Math.max(1, lengths[piece % Math.max(1, lengths.length)] ?? 1);
    yield bytes.subarray(from, from + length);
    from += length;
  }
}

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) yield Buffer.alloc(1 << 20, "x");
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of jsonLines(stream)) values.push(value);
  return values;
}
