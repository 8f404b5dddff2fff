import { describe, expect, it } from "vitest";
import { namesAt } from "../../../src/cli/delivery/names-at.ts";
import { familiarName } from "../../../src/image/reference.ts";
import { parseLocation } from "../../../src/transports/location.ts";

const DIGEST = `sha256:${"0".repeat(64)}`;

describe("how an image is called where it is", () => {
  it.each([
    ["ghcr.io/a/b:1", [], ["ghcr.io/a/b:1"]],
    ["redis", [], ["redis:latest"]],
    [`ghcr.io/a/b:1@${DIGEST}`, [], ["ghcr.io/a/b:1"]],
    [`localhost:5000/b@${DIGEST}`, [], undefined],
    ["docker-daemon:app:1", [], ["app:1"]],
    ["oci:/x:1.0", [], undefined],
    ["oci:/x:team/app:1.0", [], ["team/app:1.0"]],
    ["docker-archive:/x.tar", ["a:1", "b:2"], ["a:1", "b:2"]],
    ["docker-archive:/x.tar:c:3", ["a:1", "c:3"], ["c:3"]],
    [`oci:/x@${DIGEST}`, [], undefined],
  ])("%s", (text, repoTags, names) => {
    expect(namesAt(parseLocation(text), repoTags)?.map(familiarName)).toEqual(names);
  });
});
