import type { Layer } from "../image/layer.ts";
import { checkConfig } from "./check-config.ts";
import type { CheckedContent, CheckedLayer } from "./check-content.ts";
import { checkTar } from "./check-layer.ts";
import { shortDigest } from "./finding.ts";
import type { Finding } from "./finding.ts";

/** An image in a Docker archive, which has no manifest of OCI's. */
interface Archived {
  readonly configBytes: Buffer;
  readonly layers: readonly Layer[];
}

/** Checks that an image in a Docker archive is whole: its config, and every layer's digest. */
export async function checkArchived(
  { configBytes, layers }: Archived,
  onLayer: (layer: CheckedLayer) => void = () => undefined,
): Promise<CheckedContent> {
  const findings: Finding[] = [];
  const diffIds = checkConfig(configBytes, layers.length, findings);
  let read = 0;
  for (const [index, layer] of layers.entries()) {
    const begun = performance.now();
    const before = findings.length;
    const diffId = diffIds?.[index];
    const place = `layer ${index + 1} ${shortDigest(diffId ?? "")}`.trim();
    const size = (await checkTar(layer.stream(), diffId, place, findings)) ?? 0;
    read += size;
    const isRight = findings.length === before;
    const seconds = (performance.now() - begun) / 1000;
    onLayer({ index, of: layers.length, digest: diffId ?? "", size, isRight, seconds });
  }
  return { findings, images: 1, layers: layers.length, read };
}
