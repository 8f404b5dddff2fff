import { checkArchived } from "../../comparison/check-archived.ts";
import { checkContent } from "../../comparison/check-content.ts";
import type { CheckedContent, CheckedLayer } from "../../comparison/check-content.ts";
import { compareRebuild } from "../../comparison/compare-rebuild.ts";
import type { RebuildComparison } from "../../comparison/compare-rebuild.ts";
import { isDamage } from "../../comparison/finding.ts";
import { factsOf } from "../../comparison/image-facts.ts";
import { announceAhead } from "../../destinations/watched-layer.ts";
import { UsageError, VarveError } from "../../errors.ts";
import type { Layer } from "../../image/layer.ts";
import type { Location } from "../../transports/location.ts";
import { openLocation } from "../../transports/open-location.ts";
import { connectionOf } from "../connection.ts";
import type { VarveContext } from "../context.ts";
import { inSession } from "../session.ts";
import type { Session } from "../session.ts";
import { imageLocation } from "../sources/names-image.ts";
import { openFound } from "../sources/open-compared.ts";
import type { ComparisonFlags } from "../sources/open-compared.ts";
import { openImage } from "../sources/open-image.ts";
import { terminalWidth } from "../tables/terminal-width.ts";
import { verificationJson, verificationTable } from "../tables/verification-table.ts";
import type { Verification } from "../tables/verification-table.ts";

export interface VerifyFlags extends ComparisonFlags {
  readonly deep: boolean;
}

export async function verify(
  this: VarveContext,
  flags: VerifyFlags,
  ...args: string[]
): Promise<void> {
  const [image, ...sources] = args;
  const location = image === undefined ? undefined : imageLocation(image);
  if (image === undefined || location === undefined) {
    throw new UsageError(
      image === undefined ? "nothing says which image" : `${image} is not an image that exists`,
      { hint: "give a name in a registry, an archive or a layout; then what it was made of" },
    );
  }
  const isRebuilt = sources.length > 0 || flags.conf !== undefined || flags.graph !== undefined;
  // What is remembered is what shall be proven.
  const workFlags = { ...flags, noCache: true };
  const work = async (session: Session): Promise<Verification> => {
    const { name, content } = await checkWhole(location, flags, session);
    if (!isRebuilt) return { name, content, rebuild: undefined };
    try {
      const rebuild = await compareToSources(image, sources, workFlags, session);
      return { name, content, rebuild };
    } catch (error) {
      // What is wrong with the image has been found already.
      if (content.findings.length === 0 || !isUnusable(error)) throw error;
      return { name, content, rebuild: undefined };
    }
  };
  const verification = await inSession(workFlags, work, { warmUp: isRebuilt });
  const { process } = this;
  process.stdout.write(
    flags.json
      ? `${JSON.stringify(verificationJson(verification), undefined, 2)}\n`
      : verificationTable(verification, terminalWidth()),
  );
  process.exitCode = verificationJson(verification).verified ? 0 : 1;
}

/** Whether an image that was looked at is in no state to be compared to anything. */
function isUnusable(error: unknown): boolean {
  return isDamage(error) || (error instanceof VarveError && UNUSABLE.has(error.code));
}

const UNUSABLE = new Set(["CONFIG_INVALID", "IMAGE_INCOMPLETE", "MANIFEST_INVALID"]);

/** Whether the image is whole where it is; layers of files are read, others if it is wanted. */
async function checkWhole(
  location: Location,
  flags: VerifyFlags,
  { report }: Session,
): Promise<{ name: string; content: CheckedContent & { readonly isRead: boolean } }> {
  const opened = await openLocation(location, { registry: connectionOf(flags) });
  const onLayer = (layer: CheckedLayer): void => {
    report({ kind: "checked", ...layer });
  };
  try {
    const { name } = opened;
    if (opened.kind === "archived") {
      return {
        name,
        content: { ...(await checkArchived(opened.archived, onLayer)), isRead: true },
      };
    }
    const manifest = await opened.source.readManifest(opened.version);
    if (manifest === undefined) {
      throw new VarveError("IMAGE_UNKNOWN", `there is no image ${name}`, {
        hint: "check its name and tag, and whether you are logged in",
      });
    }
    const deep = flags.deep || location.kind !== "registry";
    const content = await checkContent(manifest, opened.source, {
      deep,
      onLayer,
      onAhead: (layers, bytes) => {
        report({ kind: "ahead", layers, bytes });
      },
      onRead: ({ index, of, digest, size }, done) => {
        report({ kind: "moving", index, of, done, total: size, paths: [digest] });
      },
    });
    return { name, content: { ...content, isRead: deep } };
  } finally {
    opened.close();
  }
}

/** Makes the image anew, believing nothing that is remembered, and compares. */
async function compareToSources(
  image: string,
  sources: readonly string[],
  flags: VerifyFlags,
  session: Session,
): Promise<RebuildComparison> {
  const kept = await openFound(flags, image);
  try {
    const rebuilt = await openImage(flags, sources, session);
    try {
      const facts = await factsOf(image, kept!.image);
      await makeAll(rebuilt.image.layers, session);
      const made = await factsOf(sources.join(" "), rebuilt.image);
      const of = facts.layers.length;
      return await compareRebuild(facts, made, ({ index = of, diffId, same, paths }) => {
        session.report({ kind: "compared", index, of, diffId, same, paths });
      });
    } finally {
      rebuilt.close();
    }
  } finally {
    kept?.close();
  }
}

/** Finds every layer's digest, by reading its files, and tells how far that is. */
async function makeAll(layers: readonly Layer[], { report }: Session): Promise<void> {
  announceAhead(layers, report);
  await Promise.all(
    layers.map(async (layer, index) => {
      const { size } = await layer.identity();
      const { paths } = layer;
      report({ kind: "moving", index, of: layers.length, done: size, total: size, paths });
    }),
  );
}
