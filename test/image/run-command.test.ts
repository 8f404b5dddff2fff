import { describe, expect, it } from "vitest";
import { runCommand } from "../../src/image/run-command.ts";

describe("how to run an image", () => {
  it.each([
    [{}, "docker run --rm x:1"],
    [{ ExposedPorts: null }, "docker run --rm x:1"],
    [{ ExposedPorts: { "8000/tcp": {} } }, "docker run --rm -p 8000:8000 x:1"],
    [{ ExposedPorts: { "8000": {} } }, "docker run --rm -p 8000:8000 x:1"],
    [{ ExposedPorts: { "53/udp": {} } }, "docker run --rm -p 53:53/udp x:1"],
    [
      { ExposedPorts: { "80/tcp": {}, "7000-7002/tcp": {} } },
      "docker run --rm -p 80:80 -p 7000-7002:7000-7002 x:1",
    ],
  ])("%j", (runtime, command) => {
    expect(runCommand("docker", "x:1", runtime)).toBe(command);
  });
});
