/** Query parameters of registries and their storage that say nothing secret. */
const HARMLESS = new Set([
  "artifactType",
  "digest",
  "from",
  "last",
  "mount",
  "n",
  "ns",
  "scope",
  "service",
]);

/**
 * A URL as it may be shown: without user and password, and with the values of all parameters left
 * out that are not known to be harmless: storage signs its URLs in parameters of many names.
 */
export function shownUrl(url: URL): string {
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  shown.hash = "";
  const query = [...url.searchParams]
    .map(([name, value]) => `${name}=${HARMLESS.has(name) ? value : "…"}`)
    .join("&");
  shown.search = "";
  return query === "" ? shown.href : `${shown.href}?${query}`;
}
