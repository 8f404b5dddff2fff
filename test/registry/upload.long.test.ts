import { randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { RegistryClient } from "../../src/registry/client.ts";
import { Repository } from "../../src/registry/repository.ts";
import { PATIENT } from "../../src/registry/retry.ts";
import { uploadBlob, uploadBytes } from "../../src/registry/upload.ts";
import type { BlobSource } from "../../src/registry/upload.ts";
import { FaultRegistry } from "./support/fault-registry.ts";
import type { Fault, FaultRegistryOptions } from "./support/fault-registry.ts";

/** Longer than what is gathered before an upload is begun. */
const LONG = randomBytes(5 << 20);
const SHORT = Buffer.from("a short blob");
const CHUNK = 300_000;

function sourceOf(bytes: Buffer): BlobSource {
  return {
    open: async function* () {
      for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.subarray(at, at + CHUNK);
    },
  };
}

async function nobody(): Promise<undefined> {
  return undefined;
}

async function repositoryOn(
  options: FaultRegistryOptions,
): Promise<{ registry: FaultRegistry; repository: Repository; slept: number[] }> {
  const registry = await FaultRegistry.start(options);
  const slept: number[] = [];
  const sleep = async (milliseconds: number): Promise<void> => {
    slept.push(milliseconds);
  };
  const client = await RegistryClient.connect(registry.host, {
    policy: { ...PATIENT, sleep },
    find: nobody,
  });
  onTestFinished(() => {
    client.close();
    registry.close();
  });
  return { registry, repository: new Repository(client, "team/app", true), slept };
}

/** Faults for the nth, … request of a method. */
function faultsFor(method: string, ...faults: readonly Fault[]): FaultRegistryOptions["fault"] {
  let seen = 0;
  return (request) => {
    if (request.method !== method || !request.path.includes("/uploads/")) return undefined;
    seen += 1;
    return faults[seen - 1];
  };
}

describe("an upload", () => {
  it.each(["absolute", "relative"] as const)("goes to %s locations", async (locations) => {
    const { registry, repository } = await repositoryOn({ locations });
    const { digest, size } = await uploadBlob(repository, sourceOf(LONG));
    expect(size).toBe(LONG.length);
    expect(registry.blobs.get(`team/app@${digest}`)?.equals(LONG)).toBe(true);
  });

  it("of a short blob is one PUT, and none when it is there", async () => {
    const { registry, repository } = await repositoryOn({});
    const first = await uploadBlob(repository, sourceOf(SHORT));
    expect(first.present).toBe(false);
    const methods = registry.requests.slice(1).map(({ method }) => method);
    expect(methods).toEqual(["HEAD", "POST", "PUT"]);
    const again = await uploadBytes(repository, SHORT);
    expect(again).toEqual({ ...first, present: true });
    expect(registry.requests.length).toBe(5);
  });

  it("goes on where the connection was cut", async () => {
    const { registry, repository } = await repositoryOn({
      fault: faultsFor("PATCH", { kind: "cut", after: 3 << 20 }),
    });
    const { digest } = await uploadBlob(repository, sourceOf(LONG));
    expect(registry.blobs.get(`team/app@${digest}`)?.equals(LONG)).toBe(true);
    expect(
      registry.requests.find(({ headers }) => headers["content-range"])?.headers,
    ).toMatchObject({
      "content-range": `${3 << 20}-${LONG.length - 1}`,
    });
  });

  it("takes a lost answer to its last request for what it is", async () => {
    const { registry, repository } = await repositoryOn({
      fault: faultsFor("PUT", { kind: "cut-answer" }),
    });
    await uploadBlob(repository, sourceOf(LONG));
    expect(registry.requests.filter(({ method }) => method === "PATCH").length).toBe(1);
    expect(registry.blobs.size).toBe(1);
  });

  it("goes in shorter pieces where requests may not be long", async () => {
    const { registry, repository } = await repositoryOn({ mostBody: 2 << 20 });
    const { digest } = await uploadBlob(repository, sourceOf(LONG));
    expect(registry.blobs.get(`team/app@${digest}`)?.equals(LONG)).toBe(true);
  });

  it("waits as long as the registry asks", async () => {
    const busy: Fault = { kind: "status", status: 429, headers: { "retry-after": "7" } };
    const { repository, slept } = await repositoryOn({ fault: faultsFor("POST", busy, busy) });
    await uploadBlob(repository, sourceOf(SHORT));
    expect(slept).toEqual([7000, 7000]);
  });

  it("waits longer each time, and gives up", async () => {
    const { repository, slept } = await repositoryOn({
      fault: () => ({ kind: "status", status: 503, html: true }),
    });
    await expect(uploadBytes(repository, SHORT)).rejects.toThrow(
      /^HEAD http:\/\/127\.0\.0\.1:\d+\/v2\/team\/app\/blobs\/sha256:[0-9a-f]{64}: HTTP 503 Service Unavailable$/,
    );
    expect(slept.length).toBe(5);
    for (const [index, wait] of slept.entries()) {
      expect(wait).toBeGreaterThanOrEqual(125 * 2 ** index);
      expect(wait).toBeLessThanOrEqual(250 * 2 ** index);
    }
  });

  it("says so when bytes arrive damaged each time", async () => {
    const { registry, repository } = await repositoryOn({
      fault: ({ method }) =>
        method === "PUT" || method === "PATCH" ? { kind: "damage" } : undefined,
    });
    await expect(uploadBlob(repository, sourceOf(SHORT))).rejects.toThrow(/DIGEST_INVALID/);
    expect(registry.blobs.size).toBe(0);
  });

  it("passes a failure of the bytes' maker on, and does not try again", async () => {
    const { registry, repository } = await repositoryOn({});
    let opened = 0;
    const source: BlobSource = {
      open: async function* () {
        opened += 1;
        yield LONG.subarray(0, 3 << 20);
        throw new Error("a file vanished");
      },
    };
    await expect(uploadBlob(repository, source)).rejects.toThrow("a file vanished");
    expect(opened).toBe(1);
    expect(registry.blobs.size).toBe(0);
  });

  it("ends the bytes' maker when it may not begin", async () => {
    const { repository } = await repositoryOn({
      fault: faultsFor("POST", { kind: "status", status: 403 }),
    });
    let isEnded = false;
    const source: BlobSource = {
      open: async function* () {
        try {
          yield LONG.subarray(0, 3 << 20);
          yield LONG.subarray(3 << 20);
        } finally {
          isEnded = true;
        }
      },
    };
    await expect(uploadBlob(repository, source)).rejects.toThrow(/^POST /);
    expect(isEnded).toBe(true);
  });
});

const anyFault: fc.Arbitrary<Fault | undefined> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  {
    weight: 3,
    arbitrary: fc.nat({ max: LONG.length }).map((after) => ({ kind: "cut" as const, after })),
  },
  fc.constant<Fault>({ kind: "cut-answer" }),
  fc.constant<Fault>({ kind: "expire" }),
  fc.constant<Fault>({ kind: "forget" }),
  fc.constant<Fault>({ kind: "damage" }),
  fc
    .record({
      status: fc.constantFrom(404, 408, 416, 429, 500, 502, 503, 504),
      html: fc.boolean(),
    })
    .map(({ status, html }): Fault => ({ kind: "status", status, html })),
);

describe("whatever goes wrong", () => {
  it("the blob is whole, or there is an error and no blob", { timeout: 60_000 }, async () => {
    let whole = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyFault, { maxLength: 12 }),
        fc.boolean(),
        async (faults, long) => {
          const bytes = long ? LONG : SHORT;
          let index = 0;
          const registry = await FaultRegistry.start({
            tokens: true,
            fault: () => {
              index += 1;
              return faults[index - 1];
            },
          });
          try {
            const policy = { ...PATIENT, sleep: async (): Promise<void> => undefined };
            const client = await RegistryClient.connect(registry.host, {
              policy,
              find: nobody,
            });
            const repository = new Repository(client, "team/app", true);
            try {
              const { digest } = await uploadBlob(repository, sourceOf(bytes));
              whole += 1;
              expect(registry.blobs.get(`team/app@${digest}`)?.equals(bytes)).toBe(true);
            } catch (error) {
              expect((error as Error).message).toMatch(/^(?:GET|HEAD|POST|PATCH|PUT) http/);
              expect((error as Error).message).not.toContain("secret-");
            } finally {
              client.close();
            }
          } finally {
            registry.close();
          }
        },
      ),
      { numRuns: 40 },
    );
    expect(whole).toBeGreaterThan(15);
  });
});
