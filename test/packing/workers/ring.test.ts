import { describe, expect, it } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import {
  createSharedRing,
  hashRing,
  RingAbandoned,
  SharedRingMaker,
  takeFromRing,
} from "../../../src/packing/workers/shared-ring.ts";
import {
  createRing,
  RingCancelled,
  RingReader,
  RingWriter,
} from "../../../src/packing/workers/ring.ts";

const MIB = 1 << 20;

// Both ends on one thread: what neither waits for. test/packing/packer.test.ts has them on two.

describe("a ring", () => {
  it("passes bytes on in the order in which they came, round and round", () => {
    const ring = createRing();
    let announced = 0;
    const writer = new RingWriter(ring, () => (announced += 1));
    const reader = new RingReader(ring);
    for (let round = 0; round < 10; round += 1) {
      const chunks = [1, MIB, MIB - 1].map((length) => Buffer.alloc(length, round + length));
      for (const chunk of chunks) writer.write(chunk);
      expect(announced).toBe(3);
      for (const chunk of chunks) expect(Buffer.from(reader.take()).equals(chunk)).toBe(true);
      announced = 0;
    }
  });

  it("cuts what is longer than a slot, and leaves out what is empty", () => {
    const ring = createRing();
    let announced = 0;
    const writer = new RingWriter(ring, () => (announced += 1));
    const reader = new RingReader(ring);
    writer.write(new Uint8Array());
    expect(announced).toBe(0);
    writer.write(Buffer.alloc(2 * MIB + 1, "x"));
    expect(announced).toBe(3);
    expect([reader.take(), reader.take(), reader.take()].map(({ length }) => length)).toEqual([
      MIB,
      MIB,
      1,
    ]);
  });

  it("gives bytes that stay what they are", () => {
    const ring = createRing();
    const writer = new RingWriter(ring, () => undefined);
    const reader = new RingReader(ring);
    writer.write(Buffer.from("first"));
    const first = reader.take();
    for (const text of ["a", "b", "c", "d"]) writer.write(Buffer.from(text));
    expect(Buffer.from(first).toString()).toBe("first");
  });

  it("stops its writer once the reader has gone", () => {
    const ring = createRing();
    const writer = new RingWriter(ring, () => undefined);
    for (let slot = 0; slot < 4; slot += 1) writer.write(Buffer.from("x"));
    new RingReader(ring).cancel();
    expect(() => writer.write(Buffer.from("x"))).toThrow(RingCancelled);
  });
});

describe("a shared ring", () => {
  it("hashes what is handed over, and can be used again", () => {
    const ring = createSharedRing();
    for (const texts of [["a", "b", "c"], [], ["x".repeat(1000), "", "y"]]) {
      const maker = new SharedRingMaker(ring);
      for (const text of texts.filter((each) => each !== "")) fill(maker, text);
      maker.end();
      expect(`sha256:${hashRing(ring)}`).toBe(digestOf(Buffer.from(texts.join(""))));
    }
  });

  it("does not hash a buffer that was given and not handed over", () => {
    const ring = createSharedRing();
    const maker = new SharedRingMaker(ring);
    fill(maker, "a");
    maker.nextBuffer().write("never");
    maker.end();
    expect(`sha256:${hashRing(ring)}`).toBe(digestOf(Buffer.from("a")));
  });
});

describe("a ring whose taker fails", () => {
  it("tells the maker, whether it sleeps or fills, and says why itself", () => {
    const ring = createSharedRing();
    const maker = new SharedRingMaker(ring);
    fill(maker, "a");
    fill(maker, "b");
    maker.nextBuffer();
    expect(() => {
      takeFromRing(ring, failToTake);
    }).toThrow("no space");
    maker.publish(1);
    expect(() => maker.nextBuffer()).toThrow(RingAbandoned);
    maker.end();
  });
});

function failToTake(): never {
  throw new Error("no space");
}

function fill(maker: SharedRingMaker, text: string): void {
  const buffer = maker.nextBuffer();
  maker.publish(buffer.write(text));
}
