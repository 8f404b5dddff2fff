import { describe, expect, it } from "vitest";
import { LoadEvents } from "../../src/engine/load-events.ts";
import type { LoadProgress } from "../../src/engine/load-events.ts";

const id = `sha256:${"4f".repeat(32)}`;

describe("LoadEvents", () => {
  it.each([
    [["Loaded image: web:latest\n"], ["web:latest"], []],
    [[`Loaded image ID: ${id}\n`], [], [id]],
    [
      ["Loaded image: a:1\n", "Loaded image: reg.example:5000/b@x:2\n"],
      ["a:1", "reg.example:5000/b@x:2"],
      [],
    ],
    [["Loaded image: localhost/a:1,localhost/b:2"], ["localhost/a:1", "localhost/b:2"], []],
    [["Loaded image(s): localhost/a:1\n"], ["localhost/a:1"], []],
    [[`Loaded image: ${id}`], [], [id]],
    [["Loaded im", "age: a:1\nLoaded", " image: b:1"], ["a:1", "b:1"], []],
  ])("understands %j", (texts, names, ids) => {
    const events = new LoadEvents();
    for (const stream of texts) expect(events.take({ stream })).toBeUndefined();
    expect(events.end()).toBeUndefined();
    expect(events.result).toEqual({ names, ids });
  });

  it("prefers the detail of an error", () => {
    const value = { errorDetail: { code: 1, message: "max depth exceeded" }, error: "short" };
    expect(new LoadEvents().take(value)).toBe("max depth exceeded");
    expect(new LoadEvents().take({ error: "short" })).toBe("short");
    expect(new LoadEvents().take({ errorDetail: {}, error: "short" })).toBe("short");
  });

  it("sees that containerd's store could not unpack the image", () => {
    const events = new LoadEvents();
    expect(events.take({ stream: "Loaded image: web:latest\n" })).toBeUndefined();
    const text = "Error unpacking image web:latest: apply layer error";
    expect(events.take({ stream: `${text}\n` })).toBe(text);
  });

  it("sees the same at the very end", () => {
    const events = new LoadEvents();
    events.take({ stream: "Error unpacking image web:latest: x" });
    expect(events.end()).toBe("Error unpacking image web:latest: x");
  });

  it("passes on progress and remarks", () => {
    const seen: LoadProgress[] = [];
    const events = new LoadEvents((progress) => seen.push(progress));
    events.take({
      status: "Loading layer",
      progressDetail: { current: 5, total: 10 },
      progress: "[=>  ]",
      id: "a272a0462b7b",
    });
    events.take({ status: "Waiting", progressDetail: {} });
    events.take({ stream: "The image web:latest already exists, renaming the old one\n" });
    expect(seen).toEqual([
      { status: "Loading layer", id: "a272a0462b7b", current: 5, total: 10 },
      { status: "Waiting" },
      { status: "The image web:latest already exists, renaming the old one" },
    ]);
  });

  it("lets unknown values pass", () => {
    const events = new LoadEvents();
    for (const value of [null, 3, "x", {}, { aux: { ID: "x" } }, { stream: 7 }]) {
      expect(events.take(value)).toBeUndefined();
    }
    expect(events.result).toEqual({ names: [], ids: [] });
  });
});
