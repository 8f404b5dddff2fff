import { describe, expect, it } from "vitest";
import type { ProgressEvent } from "../../src/progress/events.ts";
import { createReporter } from "../../src/progress/reporters.ts";
import type { ProgressMode, ProgressStream } from "../../src/progress/reporters.ts";
import { screenAfter } from "./support/screen.ts";

const STORE = `/nix/store/${"0".repeat(32)}`;

const EVENTS: readonly ProgressEvent[] = [
  { kind: "started", image: "redis-webserver:latest", layers: 2 },
  {
    kind: "layer",
    index: 0,
    of: 2,
    diffId: "sha256:aa",
    size: 123_456_789,
    sent: true,
    remembered: true,
    paths: [`${STORE}-glibc-2.36`, `${STORE}-nodejs-24.21.0`, `${STORE}-zlib`, `${STORE}-icu`],
    reason: "popular",
  },
  { kind: "bytes", written: 123_456_789 },
  { kind: "note", message: "the base image has 3 layers" },
  {
    kind: "layer",
    index: 1,
    of: 2,
    diffId: "sha256:bb",
    size: 10_240,
    sent: true,
    remembered: false,
    paths: [`${STORE}-redis-webserver`],
    reason: "root",
  },
  {
    kind: "finished",
    image: "redis-webserver:latest",
    imageId: "sha256:cc",
    layers: 2,
    size: 123_467_029,
    written: 123_470_000,
    seconds: 0.4251,
  },
];

function moving(index: number, done: number): ProgressEvent {
  return { kind: "moving", index, of: 2, done, total: 9, paths: [`${STORE}-app`] };
}

function shown(
  mode: ProgressMode,
  stream: Omit<ProgressStream, "write"> = {},
  events: readonly ProgressEvent[] = EVENTS,
): string {
  let text = "";
  const reporter = createReporter(mode, { ...stream, write: (part) => (text += part) });
  for (const event of events) reporter.report(event);
  reporter.finish();
  return text;
}

describe("progress", () => {
  it("in plain lines", () => {
    expect(shown("plain")).toMatchInlineSnapshot(`
      "redis-webserver:latest: 2 layers
          1/2   123 MB  known   glibc-2.36, nodejs-24.21.0, zlib and 1 more
      the base image has 3 layers
          2/2  10.2 kB  packed  redis-webserver
      redis-webserver:latest: 2 layers, 123 MB, 123 MB written in 0.43 s
      "
    `);
  });

  it("as JSON, an event a line, as it came", () => {
    const lines = shown("json").trimEnd().split("\n");
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual(EVENTS);
  });

  it("quietly", () => {
    expect(shown("quiet")).toBe("");
  });

  it("on a terminal: what stays is what is shown in plain lines, none of many too long", () => {
    const screen = screenAfter(shown("tty", { isTTY: true, columns: 60 }));
    expect(screen).toEqual([
      "redis-webserver:latest: 2 layers",
      "    1/2   123 MB  known   glibc-2.36, nodejs-24.21.0, zlib …",
      "the base image has 3 layers",
      "    2/2  10.2 kB  packed  redis-webserver",
      "redis-webserver:latest: 2 layers, 123 MB, 123 MB written in 0.43 s",
    ]);
  });

  it("on a terminal: the line that moves is drawn seldom, and is gone at the end", () => {
    const text = shown("tty", { isTTY: true, columns: 60 }, [
      { kind: "bytes", written: 5 },
      { kind: "bytes", written: 6 },
    ]);
    expect(text.match(/written/g)?.length ?? 0).toBeLessThanOrEqual(1);
    expect(screenAfter(text)).toEqual([]);
  });

  it("on a terminal: a line that moves stays below those that come", () => {
    const text = shown("tty", { isTTY: true, columns: 60 }, EVENTS.slice(0, 4)).replace(
      /\r\u001b\[1A\u001b\[J$/,
      "",
    );
    expect(screenAfter(text)).toEqual([
      "redis-webserver:latest: 2 layers",
      "    1/2   123 MB  known   glibc-2.36, nodejs-24.21.0, zlib …",
      "the base image has 3 layers",
      "  123 MB written",
    ]);
  });

  it("as JSON: of a layer that moves a few events a second, of others each", () => {
    const text = shown("json", {}, [moving(0, 1), moving(0, 2), moving(1, 1), moving(0, 3)]);
    expect(text.match(/"index":0/g)).toHaveLength(1);
    expect(text.match(/"index":1/g)).toHaveLength(1);
  });

  it.each<[object, boolean]>([
    [{ isTTY: true, columns: 80 }, true],
    [{ isTTY: true, columns: 0 }, false],
    [{ isTTY: true }, false],
    [{ isTTY: false, columns: 80 }, false],
    [{}, false],
  ])("chosen by itself for %j", (stream, moves) => {
    expect(shown("auto", stream).includes("\u001b[K")).toBe(moves);
  });

  it("of an image without a name", () => {
    expect(shown("plain", {}, [{ kind: "started", image: "", layers: 1 }])).toBe(
      "image: 1 layer\n",
    );
  });
});
