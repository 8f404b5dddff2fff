import { describe, expect, it } from "vitest";
import { LiveArea } from "../../src/progress/live-area.ts";
import { MotionView } from "../../src/progress/motion.ts";
import type { ProgressEvent } from "../../src/progress/events.ts";
import { screenAfter } from "./support/screen.ts";

const MB = 1_000_000;

function moving(index: number, done: number, total: number | undefined = 100 * MB): ProgressEvent {
  const paths = [`/nix/store/${"0".repeat(32)}-package-${index}`];
  return { kind: "moving", index, of: 50, done, total, paths };
}

describe("what moves", () => {
  it("has a line a slow layer, with rate, and a total with the time left", () => {
    const view = new MotionView();
    view.take({ kind: "ahead", layers: 3, bytes: 300 * MB }, 0);
    view.take(moving(2, 0), 0);
    view.take(moving(2, 50 * MB), 1000);
    view.take({ kind: "bytes", written: 20 * MB }, 1000);
    expect(view.lines(1000, 100, 10)).toEqual([
      "   3/50   100 MB  ████████░░░░░░░░  50 %  50.0 MB/s  package-2",
      "  50.0 MB of 300 MB, 50.0 MB/s, 5 s left, 20.0 MB sent",
    ]);
    expect(view.lines(1000, 60, 10)).toEqual([
      "   3/50   100 MB  50 %  50.0 MB/s  package-2",
      "  50.0 MB of 300 MB, 50.0 MB/s, 5 s left, 20.0 MB sent",
    ]);
  });

  it("has no line for a layer that is quick, or done", () => {
    const view = new MotionView();
    view.take(moving(0, 1 * MB), 0);
    expect(view.lines(100, 100, 10)).toEqual(["  1.00 MB"]);
    expect(view.lines(400, 100, 10)).toHaveLength(2);
    view.take(moving(0, 100 * MB), 500);
    expect(view.lines(900, 100, 10)).toHaveLength(1);
  });

  it("counts a layer that begins again from where it begins", () => {
    const view = new MotionView();
    view.take({ kind: "ahead", layers: 1, bytes: 100 * MB }, 0);
    view.take(moving(0, 90 * MB), 1000);
    view.take(moving(0, 10 * MB), 2000);
    expect(view.lines(2100, 100, 10).at(-1)).toContain("10.0 MB of 100 MB");
  });

  it("tells a layer of unknown length, and no time that nobody can know", () => {
    const view = new MotionView();
    view.take({ kind: "moving", index: 0, of: 1, done: MB, total: undefined, paths: ["x"] }, 0);
    expect(view.lines(1000, 100, 10)).toEqual(["    1/1  1.00 MB  1.00 MB/s  x", "  1.00 MB"]);
  });

  it("keeps to the terminal's height and width, however many move", () => {
    const view = new MotionView();
    for (let index = 0; index < 50; index += 1) view.take(moving(index, MB), 0);
    for (const most of [1, 2, 3, 10, 100]) {
      for (const width of [10, 40, 71, 72, 200]) {
        const lines = view.lines(1000, width, most);
        expect(lines.length).toBeLessThanOrEqual(most);
        expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(width);
      }
    }
    expect(view.lines(1000, 100, 10).at(-2)).toBe("        and 42 more");
  });
});

describe("lines that move", () => {
  it("give way to lines that stay, one write each, and leave nothing behind", () => {
    const writes: string[] = [];
    const area = new LiveArea({ write: (text: string) => writes.push(text) });
    area.draw(["one", "two", "three"]);
    area.draw(["only"], "stays");
    area.draw(["longer one", "2"]);
    expect(writes).toHaveLength(3);
    expect(screenAfter(writes.join(""))).toEqual(["stays", "longer one", "2"]);
    area.draw([], "stays, too");
    area.clear();
    expect(screenAfter(writes.join(""))).toEqual(["stays", "stays, too"]);
  });
});
