import { describe, expect, it } from "vitest";
import { inheritRuntime } from "../../src/image/inherit.ts";
import { orderedJson, plainJson } from "../../src/image/ordered-json.ts";
import type { JsonObject } from "../../src/image/ordered-json.ts";

function inherited(base: object, own: object): unknown {
  return plainJson(inheritRuntime(orderedJson(base) as JsonObject, orderedJson(own) as JsonObject));
}

describe("what an image inherits from its base", () => {
  it("is how it runs, unless it says otherwise", () => {
    const base = {
      User: "9",
      WorkingDir: "/w",
      StopSignal: "SIGINT",
      Healthcheck: { Test: ["CMD", "x"] },
      Shell: ["/bin/sh", "-c"],
    };
    expect(inherited(base, {})).toEqual(base);
    expect(inherited(base, { User: "1", Healthcheck: { Test: ["NONE"] } })).toEqual({
      ...base,
      User: "1",
      Healthcheck: { Test: ["NONE"] },
    });
  });

  it("is its environment by name, the later value in the earlier place", () => {
    expect(inherited({ Env: ["A=1", "B=2"] }, { Env: ["C=3", "A=4"] })).toEqual({
      Env: ["A=4", "B=2", "C=3"],
    });
  });

  it("is united with its own ports, volumes and labels", () => {
    const base = {
      ExposedPorts: { "80/tcp": {} },
      Volumes: { "/a": {} },
      Labels: { a: "1", b: "1" },
    };
    const own = {
      ExposedPorts: { "443/tcp": {} },
      Volumes: { "/b": {} },
      Labels: { b: "2", c: "2" },
    };
    expect(inherited(base, own)).toEqual({
      ExposedPorts: { "80/tcp": {}, "443/tcp": {} },
      Volumes: { "/a": {}, "/b": {} },
      Labels: { a: "1", b: "2", c: "2" },
    });
  });

  it.each([
    [{}, { Entrypoint: ["e"], Cmd: ["c"] }],
    [{ Cmd: ["own"] }, { Entrypoint: ["e"], Cmd: ["own"] }],
    [{ Entrypoint: ["own"] }, { Entrypoint: ["own"] }],
    [
      { Entrypoint: ["own"], Cmd: ["own"] },
      { Entrypoint: ["own"], Cmd: ["own"] },
    ],
    [{ Entrypoint: [], Cmd: ["own"] }, { Cmd: ["own"] }],
    [{ Entrypoint: null }, {}],
    [{ Cmd: [] }, { Entrypoint: ["e"] }],
  ])("starts what it should: %j", (own, expected) => {
    expect(inherited({ Entrypoint: ["e"], Cmd: ["c"] }, own)).toEqual(expected);
  });

  it("is nothing that says nothing, or belongs to builds and containers", () => {
    const base = {
      Cmd: null,
      Volumes: {},
      User: "",
      OnBuild: ["RUN x"],
      Hostname: "abc",
      Image: "sha256:x",
      AttachStdin: false,
    };
    expect(inherited(base, {})).toEqual({});
    expect(inherited(base, { OnBuild: ["RUN own"] })).toEqual({ OnBuild: ["RUN own"] });
  });
});
