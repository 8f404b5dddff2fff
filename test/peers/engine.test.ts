import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dockerdAbsent, startDockerd } from "./support/dockerd.ts";
import type { TestDockerd } from "./support/dockerd.ts";

describe.skipIf(dockerdAbsent())("a real Docker engine", () => {
  let engine: TestDockerd;
  beforeAll(async () => {
    engine = await startDockerd();
  });
  afterAll(() => engine?.stop());

  it("answers", async () => {
    expect(await engine.docker("info", "--format", "{{.ServerVersion}}")).toMatch(/^\d+\./);
  });
});
