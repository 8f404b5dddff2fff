import type { IncomingHttpHeaders } from "node:http";
import { RegistryError } from "./registry-error.ts";
import { shownUrl } from "./redact.ts";
import type { Repository } from "./repository.ts";

/** One page of a list. */
export interface Page {
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/**
 * The pages of a list, one after another as `Link` names them (OCI distribution-spec, "Listing
 * Tags"; RFC 8288). The first one may be missing: then there are none.
 *
 * @param missing statuses that say that there is no such list
 */
export async function* pagesOf(
  repository: Repository,
  first: string,
  missing: readonly number[],
): AsyncGenerator<Page, void, undefined> {
  let at: string | URL = first;
  const seen = new Set<string>();
  for (;;) {
    const { status, url, headers, bytes } = await repository.client.request({
      method: "GET",
      at,
      access: repository.pullAccess(),
      expect: seen.size === 0 ? [200, ...missing] : [200],
    });
    if (status !== 200) return;
    yield { url, headers, bytes };
    const next = nextOf(headers["link"], url);
    if (next === undefined) return;
    seen.add(url.href);
    if (seen.has(next.href)) throw strange(url, "its list goes round in circles");
    at = next;
  }
}

/** @throws RegistryError for what is no JSON */
export function jsonOf({ url, bytes }: Page): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw strange(url, "the answer is no JSON");
  }
}

export function strange(url: URL, why: string): RegistryError {
  return new RegistryError("REGISTRY_PROTOCOL", `GET ${shownUrl(url)}: ${why}`, {
    temporary: false,
  });
}

function nextOf(header: string | string[] | undefined, from: URL): URL | undefined {
  const text = [header ?? []].flat().join(", ");
  const target = /<([^>]*)>[^,<]*;\s*rel="?next\b/i.exec(text)?.[1];
  return (target === undefined ? undefined : URL.parse(target, from.href)) ?? undefined;
}
