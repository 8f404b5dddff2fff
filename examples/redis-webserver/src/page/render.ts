import { readFileSync } from "node:fs";

import { MAX_EMBEDDED_BYTES, MAX_KEY_BYTES, MAX_PAGE_ENTRIES, MAX_VALUE_BYTES } from "../limits.ts";
import type { StoreStatus } from "../store/store.ts";

export interface PageData {
  /** Null while the store is away. */
  readonly visits: number | null;
  readonly status: StoreStatus;
  readonly assetsPath: string;
}

const template = readFileSync(new URL("./page.html", import.meta.url), "utf8");

/** Fills in `{{name}}` in page.html. */
export function renderPage({ visits, status, assetsPath }: PageData): string {
  const fields: Record<string, string> = {
    assets: assetsPath,
    visits: visits === null ? "–" : visits.toLocaleString("en"),
    store: status.kind,
    state: visits === null ? "away" : "there",
    badge: badge(status, visits !== null),
    maxKeyBytes: String(MAX_KEY_BYTES),
    maxValueKiB: String(MAX_VALUE_BYTES / 1024),
    maxPage: String(MAX_PAGE_ENTRIES),
    embeddedMiB: String(MAX_EMBEDDED_BYTES / 1024 / 1024),
  };
  return template.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => escapeHtml(fields[name] ?? ""));
}

function badge({ kind }: StoreStatus, there: boolean): string {
  if (kind === "embedded") return "Embedded store";
  return there ? "Redis" : "Redis is away";
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
