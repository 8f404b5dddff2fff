import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { canonicalName, familiarName, parseReference } from "../../src/image/reference.ts";

describe("a name for an image", () => {
  it.each([
    ["redis-webserver", "redis-webserver:latest", "docker.io/library/redis-webserver:latest"],
    ["a:1", "a:1", "docker.io/library/a:1"],
    ["team/app:v1.2_3-x", "team/app:v1.2_3-x", "docker.io/team/app:v1.2_3-x"],
    ["docker.io/a:1", "docker.io/a:1", "docker.io/library/a:1"],
    ["docker.io/library/a:1", "docker.io/library/a:1", "docker.io/library/a:1"],
    ["index.docker.io/a:1", "index.docker.io/a:1", "docker.io/library/a:1"],
    ["registry.example/a", "registry.example/a:latest", "registry.example/a:latest"],
    [
      "registry.example:5000/a/b/c:1",
      "registry.example:5000/a/b/c:1",
      "registry.example:5000/a/b/c:1",
    ],
    ["Registry.Example/a", "Registry.Example/a:latest", "Registry.Example/a:latest"],
    ["localhost/a", "localhost/a:latest", "localhost/a:latest"],
    ["localhost:5000/a:1", "localhost:5000/a:1", "localhost:5000/a:1"],
    ["localhost:5000", "localhost:5000", "docker.io/library/localhost:5000"],
    ["127.0.0.1:5000/a", "127.0.0.1:5000/a:latest", "127.0.0.1:5000/a:latest"],
    ["[::1]:5000/a:1", "[::1]:5000/a:1", "[::1]:5000/a:1"],
    ["[2001:db8::1]/a", "[2001:db8::1]/a:latest", "[2001:db8::1]/a:latest"],
    ["a--b__c.d_e/f", "a--b__c.d_e/f:latest", "docker.io/a--b__c.d_e/f:latest"],
    [`a:${"T".repeat(128)}`, `a:${"T".repeat(128)}`, `docker.io/library/a:${"T".repeat(128)}`],
    [`${"a".repeat(255)}:1`, `${"a".repeat(255)}:1`, `docker.io/library/${"a".repeat(255)}:1`],
    [`${"a".repeat(63)}:1`, `${"a".repeat(63)}:1`, `docker.io/library/${"a".repeat(63)}:1`],
  ])("%s", (text, familiar, canonical) => {
    const reference = parseReference(text);
    expect(familiarName(reference)).toBe(familiar);
    expect(canonicalName(reference)).toBe(canonical);
  });

  it.each([
    ["", /name is empty/],
    [":1", /name is empty/],
    ["a:", /bad tag ""/],
    ["a:b:c", /bad tag "b:c"/],
    ["a:-b", /bad tag "-b"/],
    ["a:.b", /bad tag ".b"/],
    ["a:b c", /bad tag "b c"/],
    ["a:ü", /bad tag/],
    [`a:${"t".repeat(129)}`, /bad tag/],
    ["App", /"App" has capitals/],
    ["team/App:1", /"App" has capitals/],
    ["a//b", /between slashes is empty/],
    ["/a", /between slashes is empty/],
    ["a/", /between slashes is empty/],
    ["registry.example/", /between slashes is empty/],
    ["-a", /bad part "-a"/],
    ["a-", /bad part "a-"/],
    ["a..b", /bad part "a..b"/],
    ["a___b", /bad part "a___b"/],
    ["a b", /bad part "a b"/],
    ["ü", /bad part "ü"/],
    ["a\n", /bad part/],
    ["[::1]:5000", /bad part/],
    ["registry.example:port/a", /bad part "registry.example:port"/],
    [`a@sha256:${"0".repeat(64)}`, /names a digest/],
    [`a:1@sha256:${"0".repeat(64)}`, /names a digest/],
    ["https://ghcr.io/a/b:1", /is an address/],
    ["user:word@ghcr.io/a/b:1", /neither user nor password$/],
    ["https://user:word@ghcr.io/a", /neither user nor password$/],
    ["a".repeat(256), /longer than 255/],
    ["0123456789abcdef".repeat(4), /like an image ID/],
  ])("%j is none", (text, message) => {
    let error: unknown;
    try {
      parseReference(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message).toMatch(message);
    expect((error as UsageError).hint).toBeTruthy();
  });

  it("says how to write a name with capitals", () => {
    expect(() => parseReference("team/MyApp")).toThrow(
      expect.objectContaining({ hint: "write it in lower case: myapp" }) as Error,
    );
  });
});
