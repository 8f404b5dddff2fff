import { describe, expect, it } from "vitest";
import { formatHostAddress, parseHostAddress } from "../../src/engine/host-address.ts";
import { UsageError, VarveError } from "../../src/errors.ts";

describe("parseHostAddress", () => {
  it.each([
    ["unix:///run/docker.sock", { kind: "unix", socketPath: "/run/docker.sock" }],
    ["unix://", { kind: "unix", socketPath: "/var/run/docker.sock" }],
    ["/run/docker.sock", { kind: "unix", socketPath: "/run/docker.sock" }],
    ["./docker.sock", { kind: "unix", socketPath: "./docker.sock" }],
    ["tcp://build:2376", tcp("tcp", "build", 2376)],
    ["TCP://build:2376/", tcp("tcp", "build", 2376)],
    ["tcp://build", tcp("tcp", "build", 2375)],
    ["tcp://", tcp("tcp", "localhost", 2375)],
    ["tcp://:4000", tcp("tcp", "localhost", 4000)],
    ["build:4000", tcp("tcp", "build", 4000)],
    ["tcp://[::1]:2376", tcp("tcp", "::1", 2376)],
    ["tcp://build:2376/docker/", tcp("tcp", "build", 2376, "/docker")],
    ["http://build", tcp("http", "build", 80)],
    ["https://build/a/b", tcp("https", "build", 443, "/a/b")],
    ["https://build:443", tcp("https", "build", 443)],
    ["ssh://build", { kind: "ssh", host: "build" }],
    ["ssh://ann@build:2222", { kind: "ssh", host: "build", user: "ann", port: 2222 }],
    ["ssh://a%40b@build", { kind: "ssh", host: "build", user: "a@b" }],
    [
      "ssh://build/run/my%20docker.sock",
      { kind: "ssh", host: "build", socketPath: "/run/my docker.sock" },
    ],
    [" ssh://[fe80::1]/ ", { kind: "ssh", host: "fe80::1" }],
  ])("reads %s", (text, address) => {
    expect(parseHostAddress(text, "--host")).toEqual(address);
  });

  it.each([
    ["npipe:////./pipe/docker_engine", "named pipe of Windows"],
    ["fd://", "begins with fd://"],
    ["ftp://build", "begins with ftp://"],
    ["tcp://build:port", "not a valid address"],
    ["tcp://build:99999", "not a valid address"],
    ["tcp://a b:1", "not a valid address"],
    ["tcp://build?x=1", "query or fragment"],
    ["ssh://", "names no host"],
    ["ssh:///run/docker.sock", "names no host"],
    ["ssh://-oProxyCommand=x", "begins with a dash"],
    ["ssh://-x@build", "begins with a dash"],
    ["ssh://%zz@build", "not a valid address"],
  ])("refuses %s", (text, problem) => {
    const parse = () => parseHostAddress(text, "DOCKER_HOST");
    expect(parse).toThrow(problem);
    expect(parse).toThrow("(DOCKER_HOST)");
    expect(parse).toThrow(VarveError);
  });

  it("blames the command line for a wrong --host", () => {
    expect(() => parseHostAddress("npipe://x", "--host")).toThrow(UsageError);
  });

  it.each(["ssh://ann:hunter2@build", "tcp://ann:hunter2@build:1", "tcp://ann:hunter2@bu ild"])(
    "refuses the password in %s without showing it",
    (text) => {
      const parse = () => parseHostAddress(text, "DOCKER_HOST");
      expect(parse).toThrow(VarveError);
      expect(parse).not.toThrow(/hunter2/);
    },
  );
});

describe("formatHostAddress", () => {
  it.each([
    "unix:///run/docker.sock",
    "tcp://build:2376",
    "tcp://[::1]:2376",
    "https://build:443/a/b",
    "ssh://build",
    "ssh://ann@build:2222/run/docker.sock",
  ])("writes %s as it was read", (text) => {
    expect(formatHostAddress(parseHostAddress(text, "--host"))).toBe(text);
  });
});

function tcp(scheme: string, host: string, port: number, basePath = ""): object {
  return { kind: "tcp", scheme, host, port, basePath };
}
