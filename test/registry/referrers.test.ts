import { describe, expect, it, onTestFinished } from "vitest";
import { digestOf } from "../../src/image/digest.ts";
import { MEDIA_TYPE } from "../../src/image/media-types.ts";
import { RegistryClient } from "../../src/registry/client.ts";
import { fallbackTagOf, listReferrers, putReferrer } from "../../src/registry/referrers.ts";
import { Repository } from "../../src/registry/repository.ts";
import { PATIENT } from "../../src/registry/retry.ts";
import { listTags } from "../../src/registry/tags.ts";
import { failureOf } from "../support/failures.ts";
import { FaultRegistry } from "./support/fault-registry.ts";
import type { FaultRegistryOptions } from "./support/fault-registry.ts";

const SUBJECT = digestOf(Buffer.from("an image's manifest"));
const EMPTY = Buffer.from("{}");
const SBOM = "application/spdx+json";
const SIGNATURE = "application/vnd.example.signature";

async function repositoryOn(
  options: FaultRegistryOptions = {},
): Promise<{ registry: FaultRegistry; repository: Repository }> {
  const registry = await FaultRegistry.start(options);
  const policy = { ...PATIENT, sleep: async (): Promise<void> => undefined };
  const client = await RegistryClient.connect(registry.host, {
    policy,
    find: async () => undefined,
  });
  onTestFinished(() => {
    client.close();
    registry.close();
  });
  registry.put("team/app", EMPTY);
  return { registry, repository: new Repository(client, "team/app", true) };
}

/** An artefact that says something about the subject. */
function artefact(artifactType: string | undefined, text: string): Buffer {
  const config = { mediaType: SBOM, digest: digestOf(EMPTY), size: EMPTY.length };
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.manifest,
      artifactType,
      config,
      layers: [],
      subject: { mediaType: MEDIA_TYPE.manifest, digest: SUBJECT, size: 1 },
      annotations: { text },
    }),
  );
}

const TEXTS = ["a", "b", "c", "d", "e"];

function byName(a: string, b: string): number {
  return a < b ? -1 : 1;
}

async function textsOf(repository: Repository, type?: string): Promise<string[]> {
  const referrers = await listReferrers(repository, SUBJECT, type);
  return referrers.map(({ annotations }) => annotations?.["text"] ?? "").toSorted(byName);
}

describe("what refers to an image", () => {
  it.each([
    ["by the API", { referrers: {} }, false],
    ["by the API, in pages", { referrers: { page: 2 } }, false],
    ["by the API, in pages that are filtered", { referrers: { page: 1, filters: true } }, false],
    ["without it", {}, true],
    ["where it is only said to be there", { referrers: { onlySays: true } }, true],
  ] as const)("%s", async (_, options, isFallback) => {
    const { registry, repository } = await repositoryOn(options);
    expect(await textsOf(repository)).toEqual([]);
    for (const [index, text] of TEXTS.entries()) {
      const type = index % 2 === 0 ? undefined : SIGNATURE;
      const bytes = artefact(type, text);
      expect(await putReferrer(repository, bytes)).toEqual({
        mediaType: MEDIA_TYPE.manifest,
        digest: digestOf(bytes),
        size: bytes.length,
        artifactType: type ?? SBOM,
        annotations: { text },
      });
    }
    await putReferrer(repository, artefact(undefined, "a"));
    expect(await textsOf(repository)).toEqual(TEXTS);
    expect(await textsOf(repository, SIGNATURE)).toEqual(["b", "d"]);
    const tag = `team/app:${fallbackTagOf(SUBJECT)}`;
    expect(registry.manifests.has(tag)).toBe(isFallback);
  });

  it("is still all there when several are put at once", async () => {
    const { repository } = await repositoryOn();
    await Promise.all(TEXTS.map((text) => putReferrer(repository, artefact(SBOM, text))));
    expect(await textsOf(repository)).toEqual(TEXTS);
  });

  it("is an error where something else has the fallback tag", async () => {
    const { registry, repository } = await repositoryOn();
    const other = Buffer.from(JSON.stringify({ mediaType: MEDIA_TYPE.manifest, layers: [] }));
    registry.manifests.set(`team/app:${fallbackTagOf(SUBJECT)}`, other);
    const { code, message } = await failureOf(putReferrer(repository, artefact(SBOM, "a")));
    expect(code).toBe("REGISTRY_REFERRERS");
    expect(message).toContain(`team/app:sha256-${SUBJECT.slice(7)} is no index`);
  });

  it("is not what a page of HTML says", async () => {
    const { repository } = await repositoryOn({
      fault: ({ path }) =>
        path.includes("/referrers/") ? { kind: "status", status: 200, html: true } : undefined,
    });
    await putReferrer(repository, artefact(SBOM, "a"));
    expect(await textsOf(repository)).toEqual(["a"]);
  });
});

describe("tags", () => {
  it("come in pages", async () => {
    const { registry, repository } = await repositoryOn();
    expect(await listTags(repository)).toBeUndefined();
    for (const tag of TEXTS) registry.manifests.set(`team/app:${tag}`, EMPTY);
    expect(await listTags(repository)).toEqual(TEXTS);
    expect(registry.requests.filter(({ path }) => path.includes("/tags/")).length).toBe(1 + 3);
  });

  it("that come round and round are an error", async () => {
    const { repository } = await repositoryOn({
      fault: ({ path }) =>
        path.includes("/tags/")
          ? {
              kind: "status",
              status: 200,
              headers: { link: '</v2/team/app/tags/list>; rel="next"' },
            }
          : undefined,
    });
    expect((await failureOf(listTags(repository))).code).toBe("REGISTRY_PROTOCOL");
  });
});
