import { describe, expect, it } from "vitest";
import type { Endpoint } from "../../src/engine/endpoint.ts";
import { explainFailure } from "../../src/engine/failures.ts";
import { VarveError } from "../../src/errors.ts";

const endpoint: Endpoint = {
  address: { kind: "unix", socketPath: "/run/docker.sock" },
  tls: undefined,
  shown: "unix:///run/docker.sock",
  origin: "default",
};

describe("explainFailure", () => {
  // Those that a test cannot cause everywhere: root may open anything, and networks differ.
  it.each([
    ["EACCES", "cannot be opened: permission denied", "docker group"],
    ["EPERM", "cannot be opened: permission denied", "docker group"],
    ["ETIMEDOUT", "does not answer", "firewall"],
    ["EHOSTUNREACH", "no route to the host", "network"],
    ["EAI_AGAIN", "cannot be looked up now", "network"],
  ])("says what %s means", (code, problem, hint) => {
    const cause = Object.assign(new Error("connect"), { code });
    const error = explainFailure(cause, endpoint);
    expect(error.code).toBe("ENGINE_UNREACHABLE");
    expect(error.message).toContain("the Docker engine at unix:///run/docker.sock (default) ");
    expect(error.message).toContain(problem);
    expect(error.hint).toContain(hint);
    expect(error.cause).toBe(cause);
  });

  it("says of a certificate that has expired what to look at", () => {
    const cause = Object.assign(new Error("certificate has expired"), { code: "CERT_HAS_EXPIRED" });
    const error = explainFailure(cause, endpoint);
    expect(error).toMatchObject({ code: "ENGINE_TLS" });
    expect(error.hint).toContain("check the clock");
  });

  it("leaves errors of varve alone, and unknown ones their own words", () => {
    const known = new VarveError("ENGINE_SSH", "x");
    expect(explainFailure(known, endpoint)).toBe(known);
    expect(explainFailure(new Error("something else"), endpoint).message).toContain(
      "something else",
    );
  });
});
