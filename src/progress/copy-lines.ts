import { count, formatBytes, formatSeconds } from "../wording/format.ts";
import type { ProgressEvent } from "./events.ts";

type CopyEvent = Extract<ProgressEvent, { kind: "copying" | "blob" | "copied" }>;

const DIGITS_SHOWN = 12;

/** What is shown of a copy; nothing of blobs that were there. */
export function copyLine(event: CopyEvent): string | undefined {
  switch (event.kind) {
    case "copying": {
      const { from, to, manifests, blobs } = event;
      return `${from} → ${to}: ${count(manifests, "manifest")}, ${count(blobs, "blob")}`;
    }
    case "blob":
      return blobLine(event);
    case "copied":
      return copiedLine(event);
  }
}

function blobLine(event: Extract<CopyEvent, { kind: "blob" }>): string | undefined {
  const { index, of, digest, size, way, sent, seconds } = event;
  if (way === "present") return undefined;
  const position = `${index + 1}/${of}`.padStart(7);
  const short = digest.slice(digest.indexOf(":") + 1, digest.indexOf(":") + 1 + DIGITS_SHOWN);
  return `${position} ${formatBytes(size).padStart(8)}  ${short}  ${wayText(way, sent, seconds)}`;
}

function wayText(
  way: "mounted" | "sent" | "foreign",
  sent: number | undefined,
  seconds: number,
): string {
  if (way === "foreign") return "stays at its own place";
  if (sent === undefined) return `would be ${way}`;
  if (way === "mounted") return "mounted";
  return `sent, ${formatBytes(sent / Math.max(0.001, seconds))}/s`;
}

function copiedLine(event: Extract<CopyEvent, { kind: "copied" }>): string {
  const { to, manifests, blobs, sentBlobs, size, written, seconds, dryRun } = event;
  const images = manifests === 1 ? "" : `${count(manifests, "manifest")}, `;
  const what = `${to}: ${images}${count(blobs, "blob")}, ${formatBytes(size)}`;
  if (dryRun) return `${what}; ${count(sentBlobs, "blob")} would be sent`;
  const sent =
    sentBlobs === 0 ? "none sent" : `${count(sentBlobs, "blob")} sent, ${formatBytes(written)}`;
  return `${what}; ${sent}, in ${formatSeconds(seconds)}`;
}
