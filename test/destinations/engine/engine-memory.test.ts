import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { EngineMemory } from "../../../src/destinations/engine/engine-memory.ts";
import { digestOf } from "../../../src/image/digest.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const docker = { product: "docker", id: "ABCD", driver: "overlay2" } as const;
const id = (name: string): string => digestOf(Buffer.from(name));
const image = (name: string): { id: string; diffIds: string[] } => ({
  id: id(name),
  diffIds: [id(`layer of ${name}`)],
});

describe("what is remembered of an engine", () => {
  it("is there the next time, the latest first, once", () => {
    const folder = temporaryFolder();
    const open = (): EngineMemory => EngineMemory.of("unix:///a", docker, folder);
    for (const name of ["one", "two", "one"]) open().put(image(name));
    expect(open().images).toEqual([image("one"), image("two")]);
    expect(open().get(id("two"))).toEqual([id("layer of two")]);
    expect(open().get(id("three"))).toBeUndefined();
  });

  it("is another engine's at another address, of another ID or another store", () => {
    const folder = temporaryFolder();
    EngineMemory.of("unix:///a", docker, folder).put(image("one"));
    for (const [address, info] of [
      ["unix:///b", docker],
      ["unix:///a", { ...docker, id: "EFGH" }],
      ["unix:///a", { ...docker, driver: "overlayfs" }],
    ] as const) {
      expect(EngineMemory.of(address, info, folder).images).toEqual([]);
    }
  });

  it("does not go by podman's ID, which is a new one each time", () => {
    const folder = temporaryFolder();
    const podman = { product: "podman", driver: "overlay" } as const;
    EngineMemory.of("unix:///p", { ...podman, id: "1" }, folder).put(image("one"));
    expect(EngineMemory.of("unix:///p", { ...podman, id: "2" }, folder).images).toHaveLength(1);
  });

  it("keeps what others have written meanwhile, and stays small", () => {
    const folder = temporaryFolder();
    const two = [1, 2].map(() => EngineMemory.of("unix:///a", docker, folder));
    two[0]!.put(image("first"));
    two[1]!.put(image("second"));
    for (let number = 0; number < 40; number += 1) {
      EngineMemory.of("unix:///a", docker, folder).put(image(`${number}`));
    }
    const { images } = EngineMemory.of("unix:///a", docker, folder);
    expect(images).toHaveLength(32);
    expect(images[0]).toEqual(image("39"));
  });

  it("is nothing when its file is damaged, and is written anew", () => {
    const folder = temporaryFolder();
    EngineMemory.of("unix:///a", docker, folder).put(image("one"));
    const [file = ""] = fs.readdirSync(path.join(folder, "engines-1"));
    for (const damage of ["", "{", '{"images":[{"id":"x"}]}']) {
      fs.writeFileSync(path.join(folder, "engines-1", file), damage);
      expect(EngineMemory.of("unix:///a", docker, folder).images).toEqual([]);
    }
    EngineMemory.of("unix:///a", docker, folder).put(image("two"));
    expect(EngineMemory.of("unix:///a", docker, folder).images).toEqual([image("two")]);
  });

  it("does without a cache folder, and without the right to write there", () => {
    EngineMemory.of("unix:///a", docker, undefined).put(image("one"));
    const file = path.join(temporaryFolder(), "file");
    fs.writeFileSync(file, "");
    EngineMemory.of("unix:///a", docker, file).put(image("one"));
    expect(EngineMemory.of("unix:///a", docker, file).images).toEqual([]);
  });
});
