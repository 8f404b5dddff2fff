import { randomBytes } from "node:crypto";
import path from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { copyContent } from "../../../src/destinations/copy/copy-content.ts";
import { VarveError } from "../../../src/errors.ts";
import { MEDIA_TYPE } from "../../../src/image/media-types.ts";
import { OciLayout } from "../../../src/oci-layout/oci-layout.ts";
import { RegistryClient } from "../../../src/registry/client.ts";
import { Repository } from "../../../src/registry/repository.ts";
import { PATIENT } from "../../../src/registry/retry.ts";
import { FaultRegistry } from "../../registry/support/fault-registry.ts";
import type { Fault } from "../../registry/support/fault-registry.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { putBlob, putManifest } from "./support/content.ts";

const LARGE = randomBytes(300_000).toString("latin1");

async function imageIn(layout: OciLayout): Promise<void> {
  const layer = MEDIA_TYPE.layerGzip;
  await putManifest(
    layout,
    {
      mediaType: MEDIA_TYPE.manifest,
      config: await putBlob(layout, MEDIA_TYPE.config, "{}"),
      layers: [
        await putBlob(layout, layer, LARGE),
        await putBlob(layout, layer, "small"),
        await putBlob(layout, layer, "smaller"),
      ],
    },
    "x",
  );
}

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant("cut" as const), after: fc.integer({ min: 0, max: 400_000 }) }),
  fc.constantFrom<Fault>(
    { kind: "cut-answer" },
    { kind: "expire" },
    { kind: "forget" },
    { kind: "lie" },
    { kind: "damage" },
  ),
  fc.record({
    kind: fc.constant("status" as const),
    status: fc.constantFrom(401, 403, 404, 416, 429, 500, 503),
    html: fc.boolean(),
  }),
);

/** A registry's client that waits for nothing. */
function connect(host: string): Promise<RegistryClient> {
  return RegistryClient.connect(host, {
    policy: { ...PATIENT, sleep: () => Promise.resolve() },
    find: () => Promise.resolve(undefined),
  });
}

describe("a copy to a registry where things go wrong", () => {
  it("is whole, or gives no name and says why; the next try makes it whole", async () => {
    const layout = OciLayout.create(path.join(temporaryFolder(), "layout"));
    await imageIn(layout);
    const options = { versions: ["1.0"], report: () => {} };
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.integer({ min: 0, max: 25 }).map(String), fault, { maxKeys: 4 }),
        fc.boolean(),
        async (faults, tokens) => {
          let isBad = true;
          const registry = await FaultRegistry.start({
            tokens,
            fault: (_request, index) => (isBad ? faults[String(index)] : undefined),
          });
          const client = await connect(registry.host);
          try {
            const repository = new Repository(client, "team/app", true);
            const work = copyContent(layout, "x", repository, options);
            const failure: unknown = await work.then(
              () => undefined,
              (error: unknown) => error,
            );
            if (failure === undefined) expect(registry.image("team/app", "1.0")).toBeDefined();
            else expect(failure).toBeInstanceOf(VarveError);
            // Whatever has come of it, a name never stands for something incomplete.
            registry.image("team/app", "1.0");
            isBad = false;
            await copyContent(layout, "x", repository, options);
            expect(registry.image("team/app", "1.0")?.layers).toHaveLength(3);
          } finally {
            client.close();
            registry.close();
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it("sends what the registry only says to have", async () => {
    const layout = OciLayout.create(path.join(temporaryFolder(), "layout"));
    await imageIn(layout);
    const registry = await FaultRegistry.start({
      fault: ({ method }) => (method === "HEAD" ? { kind: "lie" } : undefined),
    });
    const client = await connect(registry.host);
    try {
      const notes: string[] = [];
      const copied = await copyContent(layout, "x", new Repository(client, "team/app", true), {
        versions: ["1.0"],
        report: (event) => {
          if (event.kind === "note") notes.push(event.message);
        },
      });
      expect(registry.image("team/app", "1.0")?.layers).toHaveLength(3);
      expect(copied.blobs.map(({ way }) => way)).toEqual(copied.blobs.map(() => "sent"));
      expect(copied.written).toBe(copied.size);
      expect([...new Set(notes)]).toEqual([
        `${registry.host}/team/app lacks blobs that it says to have: they are sent again`,
      ]);
    } finally {
      client.close();
      registry.close();
    }
  });
});
