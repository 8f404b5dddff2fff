import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { namesRegistry, parseReference, parseRemoteReference } from "../../src/image/reference.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

describe("names of images in registries", () => {
  it.each([
    ["ghcr.io/team/app:1.0", { registry: "ghcr.io", path: "team/app", version: "1.0" }],
    ["localhost:5000/app", { registry: "localhost:5000", path: "app", version: "latest" }],
    ["app", { registry: "docker.io", path: "library/app", version: "latest" }],
    ["index.docker.io/u/app:1", { registry: "docker.io", path: "u/app", version: "1" }],
    [`r.example/app@${DIGEST}`, { registry: "r.example", path: "app", version: DIGEST }],
    [`r.example/app:1@${DIGEST}`, { registry: "r.example", path: "app", version: DIGEST }],
  ])("%s", (text, expected) => {
    expect(parseRemoteReference(text)).toEqual(expected);
  });

  it("refuses a digest that is none", () => {
    expect(() => parseRemoteReference("r.example/app@sha256:abc")).toThrow(UsageError);
  });

  it.each([
    ["app:1", false],
    ["team/app:1", false],
    ["localhost/app:1", true],
    ["r.example/app:1", true],
  ])("%s says which registry: %s", (text, expected) => {
    expect(namesRegistry(parseReference(text))).toBe(expected);
  });
});
