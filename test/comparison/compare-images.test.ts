import { describe, expect, it } from "vitest";
import { compareImages } from "../../src/comparison/compare-images.ts";
import type { ImageDifference } from "../../src/comparison/compare-images.ts";
import { compareConfigs } from "../../src/comparison/compare-configs.ts";
import { compareComponents, nameAndVersion } from "../../src/comparison/components.ts";
import { factsOf } from "../../src/comparison/image-facts.ts";
import { CountedLayer, imageOf } from "./support/images.ts";
import { file } from "./support/tars.ts";

function store(name: string, letter = "a"): string {
  return `/nix/store/${letter.repeat(32)}-${name}`;
}

function layer(...paths: readonly string[]): CountedLayer {
  return new CountedLayer(
    paths.map((path) => file(path.slice(1), path)),
    paths,
  );
}

async function compare(
  a: readonly CountedLayer[],
  b: readonly CountedLayer[],
  config: Record<string, unknown> = {},
): Promise<ImageDifference> {
  return compareImages(await factsOf("a", imageOf(a)), await factsOf("b", imageOf(b, config)));
}

describe("compareImages", () => {
  const libc = layer(store("glibc-2.39"));
  const old = layer(store("openssl-3.0.13"), store("zlib-1.3"));
  const now = layer(store("openssl-3.0.14", "b"), store("zlib-1.3"), store("extra"));

  it("finds nothing between an image and itself", async () => {
    const difference = await compare([libc, old], [libc, old]);
    expect(difference).toMatchObject({
      same: true,
      config: [],
      layers: { onlyInA: [], onlyInB: [], sameOrder: true },
      components: [],
      toSend: { bytes: 0, unknown: 0 },
    });
    expect(difference.layers.common).toHaveLength(2);
    expect(libc.read + old.read).toBe(0);
  });

  it("tells layers, components and bytes to send, and reads no layer", async () => {
    const difference = await compare([libc, old], [libc, now]);
    expect(difference).toMatchObject({
      same: false,
      layers: {
        common: [{ a: 0, b: 0 }],
        onlyInA: [{ diffId: old.diffId, a: 1, b: undefined }],
        onlyInB: [{ diffId: now.diffId, a: undefined, b: 1 }],
      },
      components: [
        { change: "added", name: "extra", b: { id: store("extra"), version: "" } },
        {
          change: "changed",
          name: "openssl",
          a: { version: "3.0.13" },
          b: { version: "3.0.14" },
        },
      ],
      toSend: { bytes: await now.size(), compressed: false, unknown: 0 },
    });
    expect(libc.read + old.read + now.read).toBe(0);
  });

  it("tells another order, and a layer that occurs once more", async () => {
    expect((await compare([libc, old], [old, libc])).layers).toMatchObject({
      onlyInA: [],
      onlyInB: [],
      sameOrder: false,
    });
    const twice = await compare([libc], [libc, libc]);
    expect(twice.layers.onlyInB).toMatchObject([{ b: 1 }]);
  });

  it("tells configs of the same content apart", async () => {
    const order = await compare([libc], [libc], { os: "linux", architecture: "amd64" });
    expect(order).toMatchObject({ same: true });
    const facts = await factsOf("a", imageOf([libc]));
    const spaced = await factsOf("b", {
      ...imageOf([libc]),
      config: async () => Buffer.from(JSON.stringify(facts.config, undefined, 1)),
    });
    expect(compareImages(facts, spaced)).toMatchObject({
      same: false,
      config: [],
      otherwise: "config-bytes",
    });
  });
});

describe("compareConfigs", () => {
  it("tells each key, and names of variables, labels and ports", () => {
    const a = {
      created: "1970-01-01T00:00:01Z",
      config: { Env: ["PATH=/bin", "A=1"], Cmd: ["a"], Labels: { v: "1" }, User: "u" },
      rootfs: { diff_ids: ["sha256:a"] },
    };
    const b = {
      created: "1970-01-01T00:00:01Z",
      config: { Env: ["A=1", "PATH=/usr/bin"], Cmd: ["a", "b"], ExposedPorts: { "80/tcp": {} } },
      rootfs: { diff_ids: ["sha256:b"] },
    };
    expect(compareConfigs(a, b)).toEqual([
      { field: "config.Env.PATH", a: "/bin", b: "/usr/bin" },
      { field: "config.Cmd", a: '["a"]', b: '["a","b"]' },
      { field: "config.Labels.v", a: "1", b: undefined },
      { field: "config.User", a: "u", b: undefined },
      { field: "config.ExposedPorts.80/tcp", a: undefined, b: "{}" },
    ]);
    expect(compareConfigs(a, a)).toEqual([]);
  });
});

describe("compareComponents", () => {
  it.each([
    [store("openssl-3.0.14"), "openssl", "3.0.14"],
    [store("python3.12-requests-2.31.0"), "python3.12-requests", "2.31.0"],
    [store("gcc-13.2.0-lib"), "gcc", "13.2.0-lib"],
    [store("app"), "app", ""],
    ["npm:@scope/name@1.2.3", "npm:@scope/name", "1.2.3"],
    ["libc6=2.36-9", "libc6", "2.36-9"],
    ["@scope/name", "@scope/name", ""],
  ])("%s is %s of version %s", (id, name, version) => {
    expect(nameAndVersion(id)).toEqual({ id, name, version });
  });

  it("pairs equal versions first, the others in order", () => {
    const a = [store("x-1.9"), store("x-1.10"), store("y-1")];
    const b = [store("x-1.10", "b"), store("x-2", "b"), store("x-3", "b")];
    expect(compareComponents(a, b)).toMatchObject([
      { change: "rebuilt", name: "x", a: { version: "1.10" }, b: { version: "1.10" } },
      { change: "changed", name: "x", a: { version: "1.9" }, b: { version: "2" } },
      { change: "added", name: "x", b: { version: "3" } },
      { change: "removed", name: "y" },
    ]);
  });
});
