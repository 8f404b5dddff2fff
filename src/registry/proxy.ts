import * as net from "node:net";
import { VarveError } from "../errors.ts";
import { isLoopback } from "./host.ts";

/** The proxy that the environment names for a URL, and the variable that does so. */
export interface Proxy {
  readonly url: URL;
  readonly variable: string;
}

/**
 * The proxy of a URL, as Go's programs and so Docker and podman choose it (Go's package
 * `httpproxy`): `HTTPS_PROXY` or `HTTP_PROXY`, in capitals or not, unless `NO_PROXY` names the
 * host; never for this machine itself.
 *
 * @throws VarveError `PROXY_INVALID`, without the proxy's password
 */
export function proxyFor(url: URL, env: NodeJS.ProcessEnv): Proxy | undefined {
  if (isLoopback(url.host)) return undefined;
  const names =
    url.protocol === "https:" ? ["HTTPS_PROXY", "https_proxy"] : ["HTTP_PROXY", "http_proxy"];
  const variable = names.find((name) => (env[name] ?? "") !== "");
  if (variable === undefined) return undefined;
  const none = [env["NO_PROXY"], env["no_proxy"]].find((text) => (text ?? "") !== "") ?? "";
  if (isExcepted(url, none)) return undefined;
  const text = env[variable]!;
  const proxy = URL.parse(/^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (proxy !== null && /^https?:$/.test(proxy.protocol)) return { url: proxy, variable };
  throw new VarveError("PROXY_INVALID", `${variable} names no proxy over HTTP`, {
    hint: "write it as http://host:port; registries can be excepted by NO_PROXY",
  });
}

/** Entries: `*`, an address, a network, `name` with what is below it, `.name` for that alone. */
function isExcepted(url: URL, none: string): boolean {
  const host = bare(url.hostname);
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  return none
    .split(/[\s,]+/)
    .map((entry) => entry.toLowerCase())
    .some((entry) => entry === "*" || (entry !== "" && isNamed(host, port, entry)));
}

function isNamed(host: string, port: string, entry: string): boolean {
  const [network = "", bits] = entry.split("/", 2);
  if (bits !== undefined) return isWithin(host, network, Number(bits));
  const own = /^(?<name>\[[^\]]*\]|[^:]*)(?::(?<port>\d+))?$/.exec(entry)?.groups;
  if (own?.["port"] !== undefined && own["port"] !== port) return false;
  const name = bare(own?.["name"] ?? entry);
  if (net.isIP(name) !== 0) return isWithin(host, name, net.isIPv4(name) ? 32 : 128);
  const suffix = name.replace(/^\*(?=\.)/, "");
  return suffix.startsWith(".") ? host.endsWith(suffix) : isBelow(host, suffix);
}

function isBelow(host: string, name: string): boolean {
  return host === name || host.endsWith(`.${name}`);
}

function isWithin(host: string, network: string, bits: number): boolean {
  const family = net.isIP(network);
  if (family === 0 || net.isIP(host) === 0) return false;
  if (!Number.isInteger(bits) || bits < 0 || bits > (family === 4 ? 32 : 128)) return false;
  const list = new net.BlockList();
  list.addSubnet(network, bits, family === 4 ? "ipv4" : "ipv6");
  return list.check(host, net.isIPv4(host) ? "ipv4" : "ipv6");
}

/** Without the brackets of IPv6, without the dot that ends a full name. */
function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
}
