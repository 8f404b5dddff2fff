import { randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { digestOf } from "../../src/image/digest.ts";
import { RegistryClient } from "../../src/registry/client.ts";
import type { RegistryOptions } from "../../src/registry/client.ts";
import { Repository } from "../../src/registry/repository.ts";
import { PATIENT } from "../../src/registry/retry.ts";
import { uploadBlob } from "../../src/registry/upload.ts";
import type { BlobSource } from "../../src/registry/upload.ts";
import { failureOf } from "../support/failures.ts";
import { FaultRegistry } from "./support/fault-registry.ts";
import type { Fault, FaultRegistryOptions } from "./support/fault-registry.ts";

/** Longer than what is gathered before an upload is begun. */
const LONG = randomBytes(5 << 20);
const DIGEST = digestOf(LONG);
const CHUNK = 300_000;
const DOWNLOADED = randomBytes(400_000);
const NO_SUCH_PLACE: Fault = { kind: "status", status: 416 };

/** @param pause milliseconds before each chunk */
function sourceOf(bytes: Buffer, pause = 0): BlobSource {
  return {
    open: async function* () {
      for (let at = 0; at < bytes.length; at += CHUNK) {
        if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
        yield bytes.subarray(at, at + CHUNK);
      }
    },
  };
}

interface Setting {
  readonly registry: FaultRegistry;
  readonly repository: Repository;
  readonly slept: number[];
}

async function nobody(): Promise<undefined> {
  return undefined;
}

async function settingOf(
  faults: FaultRegistryOptions,
  options: RegistryOptions = {},
): Promise<Setting> {
  const registry = await FaultRegistry.start(faults);
  const slept: number[] = [];
  const sleep = async (milliseconds: number): Promise<void> => {
    slept.push(milliseconds);
  };
  const client = await RegistryClient.connect(registry.host, {
    policy: { ...PATIENT, sleep },
    find: nobody,
    ...options,
  });
  onTestFinished(() => {
    client.close();
    registry.close();
  });
  return { registry, repository: new Repository(client, "team/app", true), slept };
}

/** A fault for the first requests of a method to a place. */
function first(method: string, part: string, ...faults: readonly Fault[]): FaultRegistryOptions {
  let seen = 0;
  return {
    fault: (request) => {
      if (request.method !== method || !request.path.includes(part)) return undefined;
      seen += 1;
      return faults[seen - 1];
    },
  };
}

async function bytesOf(repository: Repository): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const blob = { digest: digestOf(DOWNLOADED), size: DOWNLOADED.length };
  for await (const chunk of repository.openBlob(blob)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function isWhole({ registry }: Setting): boolean {
  return registry.blobs.get(`team/app@${DIGEST}`)?.equals(LONG) === true;
}

describe("an upload", () => {
  it.each([
    ["a PATCH", first("PATCH", "/uploads/", NO_SUCH_PLACE)],
    ["two PATCHes", first("PATCH", "/uploads/", NO_SUCH_PLACE, NO_SUCH_PLACE)],
    ["the last PUT", first("PUT", "/uploads/", NO_SUCH_PLACE)],
  ])("goes on after a 416 to %s", async (_, faults) => {
    const setting = await settingOf(faults);
    await uploadBlob(setting.repository, sourceOf(LONG));
    expect(isWhole(setting)).toBe(true);
  });

  it("waits by itself where a busy registry does not say how long", async () => {
    const busy: Fault = { kind: "status", status: 429 };
    const setting = await settingOf(first("PATCH", "/uploads/", busy, busy));
    await uploadBlob(setting.repository, sourceOf(LONG));
    expect(isWhole(setting)).toBe(true);
    expect(setting.slept.length).toBe(2);
  });

  it("gives up when a busy registry asks for more patience than anybody has", async () => {
    const busy: Fault = { kind: "status", status: 429, headers: { "retry-after": "86400" } };
    const { repository, slept } = await settingOf(first("POST", "/uploads/", busy));
    const error = await failureOf(uploadBlob(repository, sourceOf(LONG)));
    expect(error.message).toContain("/v2/team/app/blobs/uploads/");
    expect(error.hint).toContain("wait, or log in");
    expect(slept).toEqual([]);
  });

  it.each([
    ["in the middle", first("PATCH", "/uploads/", { kind: "expire" })],
    ["at its end", first("PUT", "/uploads/", { kind: "expire" })],
  ])("gets a new token when its own is refused %s", async (_, faults) => {
    const setting = await settingOf({ ...faults, tokens: true });
    await uploadBlob(setting.repository, sourceOf(LONG));
    expect(isWhole(setting)).toBe(true);
  });

  it("outlives its token", async () => {
    const setting = await settingOf({ tokens: true, tokenLife: 1 });
    await uploadBlob(setting.repository, sourceOf(LONG, 80));
    expect(isWhole(setting)).toBe(true);
    const tokens = setting.registry.requests.map(({ headers }) => headers.authorization);
    expect(new Set(tokens).size).toBeGreaterThan(2);
  });

  it.each([
    ["PATCH", "/uploads/"],
    ["PUT", "/uploads/"],
  ])("follows %s to storage on another host, and shows it no token", async (method, part) => {
    const faults = first(method, part, { kind: "redirect" });
    const setting = await settingOf({ ...faults, tokens: true });
    await uploadBlob(setting.repository, sourceOf(LONG));
    expect(isWhole(setting)).toBe(true);
    expect(setting.registry.storageSaw.length).toBeGreaterThan(0);
    for (const headers of setting.registry.storageSaw) {
      expect(headers.authorization).toBeUndefined();
    }
  });

  it("makes pieces neither longer than a proxy nor shorter than the registry wants", async () => {
    const least = (3 << 20) / 2;
    const setting = await settingOf({ mostBody: 2 << 20, leastPiece: least });
    await uploadBlob(setting.repository, sourceOf(LONG));
    expect(isWhole(setting)).toBe(true);
    const lengths = setting.registry.requests
      .filter(({ headers }) => headers["content-range"] !== undefined)
      .map(({ headers }) => Number(headers["content-length"]));
    expect(lengths.slice(-4)).toEqual([least, least, least, LONG.length - 3 * least]);
  });

  it("says so when no length suits both", async () => {
    const setting = await settingOf({ mostBody: 2 << 20, leastPiece: 3 << 20 });
    const error = await failureOf(uploadBlob(setting.repository, sourceOf(LONG)));
    expect(error.message).toContain("HTTP 413 Payload Too Large");
    expect(setting.registry.blobs.size).toBe(0);
  });

  it("takes its time when the registry does", async () => {
    const setting = await settingOf({ fault: () => ({ kind: "slow", milliseconds: 50 }) });
    await uploadBlob(setting.repository, sourceOf(LONG));
    expect(isWhole(setting)).toBe(true);
  });

  it("does not wait for ever", async () => {
    const late: Fault = { kind: "slow", milliseconds: 500 };
    const setting = await settingOf(first("PUT", "/uploads/", late), { idleLimit: 100 });
    await uploadBlob(setting.repository, sourceOf(LONG));
    expect(isWhole(setting)).toBe(true);
    expect(setting.slept.length).toBeGreaterThan(0);
  });

  it("is none when the registry keeps something else", async () => {
    const kept = { "docker-content-digest": digestOf(Buffer.from("other")) };
    const other: Fault = { kind: "status", status: 201, headers: kept };
    const setting = await settingOf({
      fault: ({ method }) => (method === "PUT" ? other : undefined),
    });
    const error = await failureOf(uploadBlob(setting.repository, sourceOf(LONG)));
    expect(error.message).toContain("it has kept another blob, of digest sha256:");
  });

  it("uses an identity token, and shows it to the token server alone", async () => {
    const identityToken = "secret-identity";
    const setting = await settingOf(
      { tokens: true, identityToken },
      { find: async () => ({ identityToken }) },
    );
    await uploadBlob(setting.repository, sourceOf(LONG));
    expect(isWhole(setting)).toBe(true);
    expect(JSON.stringify(setting.registry.requests)).not.toContain(identityToken);
  });
});

describe("a mount", () => {
  it("that is refused by 202 leaves no upload behind", async () => {
    const { registry, repository } = await settingOf({ mounting: false });
    registry.put("team/base", LONG);
    const base = new Repository(repository.client, "team/base", false);
    const way = await repository.takeBlob({ digest: DIGEST, size: LONG.length }, base);
    expect(way).toBe("sent");
    const cancelled = registry.requests.filter(({ method }) => method === "DELETE");
    expect(cancelled.length).toBe(1);
  });
});

const anyFault: fc.Arbitrary<Fault | undefined> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  {
    weight: 4,
    arbitrary: fc
      .nat({ max: LONG.length })
      .map((after): Fault => ({ kind: "cut-download", after })),
  },
  fc.constantFrom<Fault>(
    { kind: "cut-answer" },
    { kind: "expire" },
    { kind: "damage" },
    { kind: "redirect" },
    { kind: "slow", milliseconds: 3 },
  ),
  fc
    .record({ status: fc.constantFrom(404, 408, 416, 429, 500, 503), html: fc.boolean() })
    .map(({ status, html }): Fault => ({ kind: "status", status, html })),
);

describe("whatever goes wrong in a download", () => {
  it("the bytes are all there, or there is an error", { timeout: 60_000 }, async () => {
    let whole = 0;
    const download = async (faults: ReadonlyArray<Fault | undefined>): Promise<void> => {
      let index = 0;
      const registry = await FaultRegistry.start({
        tokens: true,
        fault: () => {
          index += 1;
          return faults[index - 1];
        },
      });
      registry.put("team/app", DOWNLOADED);
      const policy = { ...PATIENT, sleep: async (): Promise<void> => undefined };
      const client = await RegistryClient.connect(registry.host, { policy, find: nobody });
      try {
        const bytes = await bytesOf(new Repository(client, "team/app", false));
        expect(bytes.equals(DOWNLOADED)).toBe(true);
        whole += 1;
      } catch (error) {
        const { message } = error as Error;
        expect(message).toMatch(/^GET http/);
        expect(message).not.toContain("secret-");
      } finally {
        client.close();
        registry.close();
      }
      for (const headers of registry.storageSaw) expect(headers.authorization).toBeUndefined();
    };
    const schedules = fc.array(anyFault, { maxLength: 10 });
    await fc.assert(fc.asyncProperty(schedules, download), { numRuns: 40 });
    expect(whole).toBeGreaterThan(10);
  });
});
